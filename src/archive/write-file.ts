import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { ArchivedTransaction } from '../archived-transaction.ts'
import type { ArchiveFile } from '../db/archive-detail.ts'
import { ArchiveDamagedError } from '../errors.ts'
import type { Archive } from './archive.ts'
import { decodeDetailFile, encodeDetailFile } from './detail-file.ts'
import { newKey } from './file-name.ts'

/**
 * Writes transactions of one month to a new file, and reads it back from the store: the rows that come back are the ones
 * that may be dropped. Throws where they are not those that were given.
 */
export async function writeFile(
  { store, clock }: Pick<Archive, 'store' | 'clock'>,
  month: string,
  rows: readonly ArchivedTransaction[],
): Promise<{ file: ArchiveFile; rows: ArchivedTransaction[] }> {
  const body = await encodeDetailFile(rows)
  const key = newKey(month, rows[0]!.userId, rows.at(-1)!.userId, clock())
  await store.put(key, body)
  const stored = await store.get(key)
  const kept = await decodeDetailFile(stored)
  if (!isDeepStrictEqual(kept, rows)) {
    throw new ArchiveDamagedError(
      `${key} in ${store.place} does not hold what was written to it; nothing was dropped`,
    )
  }
  const sha256 = createHash('sha256').update(stored).digest('hex')
  return { file: { key, month, bytes: stored.length, sha256 }, rows: kept }
}
