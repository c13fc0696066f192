import { z } from 'zod'
import { RefusedError } from '../../errors.ts'

/**
 * A backup is a tar of these entries, in this order:
 *
 *     backup.json            what it is and what it was made of (Header)
 *     <table>/000001.gz …    rows as COPY writes them in its text format, a few megabytes each, gzip
 *     manifest.json          what came of it: row counts, digests, the SHA-256 of every part (Manifest)
 *
 * The manifest stands last, since only then it is known: a file without one is not whole. https://www.postgresql.org/docs/15/sql-copy.html
 */
export const formatVersion = 1
export const headerEntry = 'backup.json'
export const manifestEntry = 'manifest.json'

const table = z.object({ name: z.string(), columns: z.array(z.string()).min(1) })

export const headerSchema = z.object({
  tidemarkBackup: z.number().int(),
  /** When the snapshot was taken, by the server's clock. */
  takenAt: z.string(),
  tidemark: z.string(),
  engine: z.enum(['timescale', 'plain']),
  postgres: z.string(),
  timescaledb: z.string().nullable(),
  /** Hashes are SHA-256 of the files. */
  migrations: z.array(z.object({ name: z.string(), hash: z.string() })),
  /** Keys under which values are sealed, and how many: the keys themselves are not in here. */
  keys: z.array(z.object({ id: z.string(), values: z.number() })),
  tables: z.array(table),
  /** Days in which `transaction` has rows, from the first up to and without the last. */
  ranges: z.array(z.object({ from: z.string(), to: z.string() })),
  /** Tables whose rows are not in here, with the reason. */
  leftOut: z.record(z.string(), z.string()),
})
export type Header = z.infer<typeof headerSchema>

const part = z.object({
  file: z.string(),
  rows: z.number(),
  /** Before compression. */
  bytes: z.number(),
  /** Of the entry as it lies in the tar, in hex. */
  sha256: z.string(),
})
export type Part = z.infer<typeof part>

export const manifestSchema = z.object({
  header: z.object({ sha256: z.string() }),
  tables: z.array(
    z.object({
      name: z.string(),
      rows: z.number(),
      /** See digest.ts. */
      digest: z.string(),
      /** The last value that the sequence of its identity column gave out. */
      sequence: z.string().nullable(),
      parts: z.array(part),
    }),
  ),
})
export type Manifest = z.infer<typeof manifestSchema>

/** Where the file stops being what it should be. */
export function damaged(reason: string): RefusedError {
  return new RefusedError(`this is not a whole backup: ${reason}; use another copy of it`)
}

export function parseHeader(bytes: Uint8Array): Header {
  const found = parseJson(bytes, headerEntry) as { tidemarkBackup?: unknown } | null
  const version = found?.tidemarkBackup
  if (typeof version !== 'number') throw new RefusedError('this is no backup of Tidemark')
  if (version > formatVersion) {
    throw new RefusedError(
      `the backup is of format ${version}, and this version of Tidemark reads formats up to ${formatVersion}: use the version that made it, or a newer one`,
    )
  }
  const parsed = headerSchema.safeParse(found)
  if (!parsed.success) throw damaged(`${headerEntry} is not what it should be`)
  return parsed.data
}

export function parseManifest(bytes: Uint8Array): Manifest {
  const parsed = manifestSchema.safeParse(parseJson(bytes, manifestEntry))
  if (!parsed.success) throw damaged(`${manifestEntry} is not what it should be`)
  return parsed.data
}

function parseJson(bytes: Uint8Array, entry: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw damaged(`${entry} is not JSON`)
  }
}

export function sumRows({ tables }: Manifest): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0)
}
