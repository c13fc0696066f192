import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { extract, type Header as TarHeader } from 'tar-stream'
import { TidemarkError } from '../../errors.ts'
import { countRows } from './copy-stream.ts'
import {
  damaged,
  type Header,
  headerEntry,
  type Manifest,
  manifestEntry,
  type Part,
  parseHeader,
  parseManifest,
} from './format.ts'

/** More than any part has: what says that it is larger is none of Tidemark's. */
const largestEntry = 1024 ** 3
const unzip = promisify(gunzip)

export interface ArchiveReader {
  /** Called first. */
  header: (header: Header) => Promise<void>
  /** Called for each part in its order; rows as COPY writes them. */
  part: (table: string, bytes: Buffer, rows: number) => Promise<void>
}

/**
 * Reads a backup to its end, one part in memory at a time. What it returns was compared with every part; until then,
 * parts were handed on that may turn out to be not what was backed up.
 */
export async function readArchive(
  source: AsyncIterable<Uint8Array>,
  reader: ArchiveReader,
  signal?: AbortSignal,
): Promise<{ header: Header; manifest: Manifest }> {
  const entries = readEntries(source, signal)
  const seen: Part[] = []
  let header: Header | undefined
  let headerHash = ''
  let manifest: Manifest | undefined
  for await (const { name, bytes } of entries) {
    if (header === undefined) {
      if (name !== headerEntry) throw damaged('it does not begin as a backup of Tidemark does')
      headerHash = sha256(bytes)
      header = parseHeader(bytes)
      await reader.header(header)
    } else if (manifest !== undefined) throw damaged(`${name} stands behind its end`)
    else if (name === manifestEntry) manifest = parseManifest(bytes)
    else {
      const rows = await unzip(bytes, { maxOutputLength: largestEntry }).catch(() => {
        throw damaged(`${name} cannot be uncompressed`)
      })
      const part = { file: name, rows: countRows(rows), bytes: rows.length, sha256: sha256(bytes) }
      seen.push(part)
      const table = name.split('/')[0]!
      if (!header.tables.some((each) => each.name === table)) throw damaged(`${name} belongs to no table`)
      await reader.part(table, rows, part.rows)
    }
  }
  if (header === undefined) throw damaged('it is empty')
  if (manifest === undefined) throw damaged('it ends too early')
  compare(manifest, headerHash, seen)
  return { header, manifest }
}

/** The entries of a tar, one at a time. Whatever its reader cannot make sense of is damage. */
async function* readEntries(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ name: string; bytes: Buffer }> {
  const tar = extract()
  const fed = pipeline(Readable.from(source), tar, { ...(signal && { signal }) })
  fed.catch(() => {})
  const iterator = tar[Symbol.asyncIterator]()
  const next = async () => {
    try {
      const { value: entry, done } = await iterator.next()
      return done ? undefined : { name: entry.header.name, bytes: await readEntry(entry) }
    } catch (error) {
      // What the file system, the reader's caller or a signal says stands as it is.
      const known = error instanceof TidemarkError || (error instanceof Error && 'syscall' in error)
      if (known || signal?.aborted) throw error
      throw damaged(`it ends too early, or is no tar (${error instanceof Error ? error.message : error})`)
    }
  }
  try {
    for (let entry = await next(); entry; entry = await next()) yield entry
    await fed
  } finally {
    tar.destroy()
  }
}

async function readEntry(entry: AsyncIterable<unknown> & { header: TarHeader }): Promise<Buffer> {
  if ((entry.header.size ?? 0) > largestEntry) throw damaged(`${entry.header.name} is larger than any part`)
  const chunks: Buffer[] = []
  for await (const chunk of entry) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function compare(manifest: Manifest, headerHash: string, seen: Part[]): void {
  if (manifest.header.sha256 !== headerHash) throw damaged(`${headerEntry} was changed`)
  const parts = manifest.tables.flatMap((table) => table.parts)
  for (const [at, part] of parts.entries()) {
    const found = seen[at]
    if (found?.file !== part.file) throw damaged(`${part.file} is missing`)
    if (found.sha256 !== part.sha256) throw damaged(`${part.file} was changed (its SHA-256 is another one)`)
    if (found.rows !== part.rows || found.bytes !== part.bytes) throw damaged(`${part.file} was changed`)
  }
  if (seen.length > parts.length) throw damaged(`${seen[parts.length]!.file} does not belong to it`)
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
