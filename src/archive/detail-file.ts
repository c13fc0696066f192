import { setImmediate } from 'node:timers/promises'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { ArchivedTransaction } from '../archived-transaction.ts'
import { checkRows } from './check-rows.ts'
import { schema, toColumns } from './detail-columns.ts'
import {
  checkRowGroup,
  type DetailFileAbout,
  damaged,
  footerBytes,
  keyValues,
  magic,
  readFooter,
  sealFooter,
  sha256,
} from './footer.ts'
import { readRowGroup } from './row-group.ts'
import { loadZstd } from './zstd.ts'

/** Rows that a file holds at most: all of them are in memory at once. */
export const mostRows = 100_000

/** What a reader of one user reads more than that user's rows is less than two of these. */
const rowsInGroup = 10_000

/**
 * Rows of one month, at least one, sorted by user, account, day and id, as a Parquet file. The same rows give the same
 * bytes. Throws a RangeError where they are not so: what is written is what comes back.
 */
export async function encodeDetailFile(rows: readonly ArchivedTransaction[]): Promise<Uint8Array> {
  if (rows.length === 0 || rows.length > mostRows)
    throw new RangeError(`a detail file holds 1 to ${mostRows} rows, not ${rows.length}`)
  checkRows(rows)
  const zstd = await loadZstd()
  const writer = new ByteWriter(1 << 20)
  const compressors = { ZSTD: zstd.compress }
  const file = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors, createdBy: 'tidemark' })
  const rowGroups: { end: number; sha256: string }[] = []
  for (let first = 0; first < rows.length; first += rowsInGroup) {
    const group = rows.slice(first, first + rowsInGroup)
    const start = writer.offset
    await file.write({ columnData: toColumns(group), rowGroupSize: rowsInGroup })
    rowGroups.push({ end: writer.offset, sha256: sha256(writer.getBytes().subarray(start)) })
    // Others have their turn.
    await setImmediate()
  }
  file.kvMetadata = keyValues(aboutRows(rows), rowGroups)
  await file.finish()
  const bytes = writer.getBytes().slice()
  sealFooter(bytes)
  return bytes
}

/**
 * All rows of a file. Throws an ArchiveDamagedError where it is not whole to the last bit, or none of Tidemark's.
 * `name`: how messages call it.
 */
export async function decodeDetailFile(
  bytes: Uint8Array,
  name = 'the detail file',
): Promise<ArchivedTransaction[]> {
  const length = footerBytes(bytes)
  if (length === undefined || length > bytes.length || !magic.equals(bytes.subarray(0, magic.length)))
    throw damaged(name, 'it is no Parquet file, or a part of it is missing')
  const footer = readFooter(bytes.subarray(-length), bytes.length, name)
  const groups: ArchivedTransaction[][] = []
  for (const rowGroup of footer.rowGroups) {
    const part = bytes.subarray(rowGroup.start, rowGroup.end)
    checkRowGroup(part, rowGroup, name)
    groups.push(await readRowGroup(footer, rowGroup, part, name))
    await setImmediate()
  }
  return groups.flat()
}

function aboutRows(rows: readonly ArchivedTransaction[]): DetailFileAbout {
  const first = rows[0]!
  return {
    month: first.bookedOn.slice(0, 7),
    firstUser: first.userId,
    lastUser: rows.at(-1)!.userId,
    rows: rows.length,
  }
}
