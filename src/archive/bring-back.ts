import type { ArchivedTransaction } from '../archived-transaction.ts'
import { type ArchivePart, partsOf, putBack } from '../db/archive-detail.ts'
import type { ArchivedPlace } from '../db/archived-places.ts'
import { ArchiveDamagedError, ArchiveUnavailableError } from '../errors.ts'
import { groupBy } from '../group-by.ts'
import type { Archive } from './archive.ts'
import { readUsers } from './read-users.ts'
import type { ArchiveStore } from './store.ts'

/** What one statement puts back of a month, of users of so many parts. */
const partsPerStatement = 200
/** Somebody else may bring the same back, or archive more, between a look and the write. */
const mostTries = 5

/**
 * Puts the detail of these places back into the database; those that are there already stay. No sum changes by it. Each
 * month is whole or not moved. Returns how many transactions came back.
 */
export async function bringBack(
  archive: Omit<Archive, 'clock'>,
  places: readonly ArchivedPlace[],
): Promise<number> {
  let restored = 0
  const byMonth = groupBy(places, ({ month }) => month)
  for (const [month, ofMonth] of [...byMonth].sort()) {
    for (let at = 0; at < ofMonth.length; at += partsPerStatement) {
      archive.signal.throwIfAborted()
      restored += await bringBackUsers(archive, month, ofMonth.slice(at, at + partsPerStatement))
    }
  }
  return restored
}

async function bringBackUsers(
  { db, store }: Omit<Archive, 'clock'>,
  month: string,
  places: readonly ArchivedPlace[],
) {
  for (let tries = 1; tries <= mostTries; tries++) {
    const parts = await partsOf(db.sql, places)
    if (parts.length === 0) return 0
    const rows = await readParts(store, parts)
    if (await putBack(db.sql, month, parts, rows)) return rows.length
  }
  throw new ArchiveUnavailableError(`the archive of ${month.slice(0, 7)} is being changed: try again`)
}

/**
 * All transactions of the parts' users in the parts' files. Throws an ArchiveDamagedError where a file has another number
 * of them: it may be whole, and another one.
 */
export async function readParts(
  store: ArchiveStore,
  parts: readonly ArchivePart[],
): Promise<ArchivedTransaction[]> {
  const rows: ArchivedTransaction[][] = []
  for (const [key, ofFile] of groupBy(parts, ({ file }) => file.key)) {
    const found = await readUsers(
      store,
      key,
      ofFile.map(({ userId }) => userId),
    )
    const byUser = groupBy(found, ({ userId }) => userId)
    const month = ofFile[0]!.month.slice(0, 7)
    const differing = ofFile.some(({ userId, transactions }) => byUser.get(userId)?.length !== transactions)
    if (differing || !found.every(({ bookedOn }) => bookedOn.startsWith(month)))
      throw new ArchiveDamagedError(`${key} in ${store.place} does not hold what was archived in it`)
    rows.push(found)
  }
  return rows.flat()
}
