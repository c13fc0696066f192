import { createHash } from 'node:crypto'
import { type FileMetaData, type KeyValue, parquetMetadata } from 'hyparquet'
import { z } from 'zod'
import { ArchiveDamagedError } from '../errors.ts'
import { schema } from './detail-columns.ts'

/**
 * The end of a detail file, which tells what lies in it and vouches for every byte: for the row groups by a checksum of
 * each, for itself by one that was taken with zeros in its place.
 */
export interface Footer {
  about: DetailFileAbout
  metadata: FileMetaData
  /** In the file's order, without a gap from its fourth byte up to the footer. */
  rowGroups: RowGroupAbout[]
}

export interface DetailFileAbout {
  /** YYYY-MM. */
  month: string
  firstUser: string
  lastUser: string
  rows: number
}

export interface RowGroupAbout {
  start: number
  /** Not included. */
  end: number
  rows: number
  /** The number of the first row in the file, from 0. */
  firstRow: number
  firstUser: bigint
  lastUser: bigint
  sha256: string
}

const formatVersion = '1'
/** Length and magic at the end; at the beginning stands the magic alone. */
const trailerBytes = 8
export const magic = Buffer.from('PAR1')

const key = (name: string) => `tidemark.${name}`
/** It ends with the header of a Thrift text of 64 bytes; nothing in a footer that comes of rows is as long as that. */
const sealMark = Buffer.from(`${key('sha256')}\x18\x40`)
const unsealed = '0'.repeat(64)

export function keyValues(about: DetailFileAbout, rowGroups: { end: number; sha256: string }[]): KeyValue[] {
  return [
    { key: key('format'), value: formatVersion },
    { key: key('month'), value: about.month },
    { key: key('first_user'), value: about.firstUser },
    { key: key('last_user'), value: about.lastUser },
    { key: key('rows'), value: String(about.rows) },
    { key: key('row_groups'), value: JSON.stringify(rowGroups.map(({ end, sha256 }) => ({ end, sha256 }))) },
    { key: key('sha256'), value: unsealed },
  ]
}

/** Puts the footer's checksum into a file that has been written. */
export function sealFooter(file: Uint8Array): void {
  const footer = asBuffer(file).subarray(-footerBytes(file)!)
  footer.write(sha256(footer), sealAt(footer)!, 'latin1')
}

/** How many bytes at the end are the footer, its length and the magic; undefined where it is no Parquet file's end. */
export function footerBytes(tail: Uint8Array): number | undefined {
  const buffer = asBuffer(tail)
  if (buffer.length < trailerBytes || !buffer.subarray(-4).equals(magic)) return undefined
  return buffer.readUInt32LE(buffer.length - trailerBytes) + trailerBytes
}

/**
 * `bytes`: the last bytes of a file of `fileBytes`, as many as `footerBytes` says. `name`: how messages call the file.
 * Throws an ArchiveDamagedError.
 */
export function readFooter(bytes: Uint8Array, fileBytes: number, name: string): Footer {
  const footer = Buffer.from(bytes)
  const at = sealAt(footer)
  if (at === undefined) throw damaged(name, 'it is no file that Tidemark wrote, or its end was changed')
  const said = footer.toString('latin1', at, at + 64)
  footer.write(unsealed, at, 'latin1')
  if (sha256(footer) !== said) throw damaged(name, 'the checksum of its footer does not fit')
  let parts: Footer | undefined
  try {
    const metadata = parquetMetadata(footer, { geoparquet: false })
    const told = new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value]))
    const format = told.get(key('format'))
    if (format !== formatVersion) {
      throw new ArchiveDamagedError(
        `${name} cannot be read: its format is ${format}, and this version of Tidemark knows ${formatVersion}`,
      )
    }
    parts = readParts(metadata, told, fileBytes - footer.length)
  } catch (error) {
    if (error instanceof ArchiveDamagedError) throw error
    throw damaged(name, 'its footer cannot be read', error)
  }
  if (parts === undefined) throw damaged(name, 'its footer does not fit what lies before it')
  return parts
}

const rowGroupList = z.array(
  z.object({ end: z.number().int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
)

/** Whole by its checksum, it holds what a version of this code wrote; that it fits together is asked all the same. */
function readParts(
  metadata: FileMetaData,
  told: Map<string, string | undefined>,
  footerStart: number,
): Footer | undefined {
  const about = {
    month: told.get(key('month')) ?? '',
    firstUser: told.get(key('first_user')) ?? '',
    lastUser: told.get(key('last_user')) ?? '',
    rows: Number(told.get(key('rows'))),
  }
  const list = rowGroupList.safeParse(JSON.parse(told.get(key('row_groups')) ?? 'null')).data
  const rowGroups: RowGroupAbout[] = []
  for (const [index, { columns, num_rows }] of metadata.row_groups.entries()) {
    const before = rowGroups.at(-1)
    const users = columns[0]?.meta_data?.statistics
    rowGroups.push({
      start: before?.end ?? magic.length,
      end: list?.[index]?.end ?? Number.NaN,
      rows: Number(num_rows),
      firstRow: before ? before.firstRow + before.rows : 0,
      firstUser: users?.min_value as bigint,
      lastUser: users?.max_value as bigint,
      sha256: list?.[index]?.sha256 ?? '',
    })
  }
  const last = rowGroups.at(-1)
  const fits =
    list?.length === rowGroups.length &&
    last?.end === footerStart &&
    last.firstRow + last.rows === about.rows &&
    BigInt(about.rows) === metadata.num_rows &&
    rowGroups.every(
      ({ firstUser, lastUser }) => typeof firstUser === 'bigint' && typeof lastUser === 'bigint',
    ) &&
    shapeOf(metadata.schema) === shapeOf(schema)
  return fits ? { about, metadata, rowGroups } : undefined
}

/** Throws an ArchiveDamagedError where the bytes are not those that were written. */
export function checkRowGroup(bytes: Uint8Array, rowGroup: RowGroupAbout, name: string): void {
  if (bytes.length !== rowGroup.end - rowGroup.start || sha256(bytes) !== rowGroup.sha256) {
    throw damaged(name, `the checksum of its rows from row ${rowGroup.firstRow + 1} on does not fit`)
  }
}

export function damaged(name: string, reason: string, cause?: unknown): ArchiveDamagedError {
  return new ArchiveDamagedError(
    `${name} is damaged: ${reason}. Nothing of it was taken; restore it from a copy`,
    cause === undefined ? {} : { cause },
  )
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function sealAt(footer: Buffer): number | undefined {
  const at = footer.lastIndexOf(sealMark)
  const start = at + sealMark.length
  return at === -1 || start + 64 > footer.length ? undefined : start
}

function shapeOf(elements: FileMetaData['schema']): string {
  return JSON.stringify(
    elements.map(({ name, type, type_length, repetition_type, converted_type, logical_type }) => [
      name,
      type,
      type_length,
      repetition_type,
      converted_type,
      logical_type,
    ]),
  )
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
