import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { ArchivedTransaction } from '../archived-transaction.ts'
import type { ArchiveFile } from '../db/archive-detail.ts'
import { announceFile } from '../db/archive-files.ts'
import { ArchiveDamagedError } from '../errors.ts'
import type { Archive } from './archive.ts'
import { decodeDetailFile, encodeDetailFile } from './detail-file.ts'
import { newKey } from './file-name.ts'

/**
 * Writes transactions of one month, in the order of their users, to a new file, which the database knows before, and reads it back from the store: the rows that come back are the ones
 * that may be dropped. Throws where they are not those that were given.
 */
export async function writeFile(
  { db, store, clock }: Pick<Archive, 'db' | 'store' | 'clock'>,
  month: string,
  rows: readonly ArchivedTransaction[],
): Promise<{ file: ArchiveFile; rows: ArchivedTransaction[] }> {
  const body = await encodeDetailFile(rows)
  const now = clock()
  const key = newKey(month, rows[0]!.userId, rows.at(-1)!.userId, now)
  const file = { key, month, bytes: body.length, sha256: hashOf(body) }
  await announceFile(db.sql, file, rows, now)
  await store.put(key, body)
  const stored = await store.get(key)
  const kept = await decodeDetailFile(stored)
  if (!isDeepStrictEqual(kept, rows)) {
    throw new ArchiveDamagedError(
      `${key} in ${store.place} does not hold what was written to it; nothing was dropped`,
    )
  }
  return { file: { ...file, bytes: stored.length, sha256: hashOf(stored) }, rows: kept }
}

function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}
