import type { ArchivedTransaction } from '../archived-transaction.ts'
import { type ArchivePart, partsOf, putBack } from '../db/archive-detail.ts'
import type { ArchivedPlace } from '../db/archived-places.ts'
import { ArchiveDamagedError, ArchiveUnavailableError } from '../errors.ts'
import { groupBy } from '../group-by.ts'
import type { Archive } from './archive.ts'
import { readUsers } from './read-users.ts'
import type { ArchiveStore } from './store.ts'

/** What one statement puts back of a month, at most, unless a single part has more: they are in memory at once. */
export interface BatchSize {
  rows: number
  parts: number
}
const usualBatch: BatchSize = { rows: 50_000, parts: 200 }
/** Somebody else may bring the same back, or archive more, between a look and the write. */
const mostTries = 5

/**
 * Puts the detail of these places back into the database; those that are there already stay. No sum changes by it. Each
 * part, all that a file has of a user, is whole or not moved. Returns how many transactions came back.
 */
export async function bringBack(
  archive: Omit<Archive, 'clock'>,
  places: readonly ArchivedPlace[],
  batch = usualBatch,
): Promise<number> {
  let restored = 0
  for (const [month, ofMonth] of [...groupBy(places, (place) => place.month)].sort()) {
    restored += await bringBackParts(archive, month, () => partsOf(archive.db.sql, ofMonth), batch)
  }
  return restored
}

/** The same of parts of one month; `look` tells which are left. */
export async function bringBackParts(
  { db, store, signal }: Omit<Archive, 'clock'>,
  month: string,
  look: () => Promise<ArchivePart[]>,
  batch = usualBatch,
): Promise<number> {
  let restored = 0
  let tries = 0
  for (let left = batchesOf(await look(), batch); left.length > 0; ) {
    signal.throwIfAborted()
    const parts = left[0]!
    const rows = await readParts(store, parts)
    if (await putBack(db.sql, month, parts, rows)) {
      restored += rows.length
      left.shift()
    } else if (++tries < mostTries) {
      left = batchesOf(await look(), batch)
    } else {
      throw new ArchiveUnavailableError(`the archive of ${month.slice(0, 7)} is being changed: try again`)
    }
  }
  return restored
}

/** Parts one after the other, so many that each batch is no larger than it may be. */
function batchesOf(parts: readonly ArchivePart[], most: BatchSize): ArchivePart[][] {
  const batches: ArchivePart[][] = []
  let rows = 0
  for (const part of parts) {
    const batch = batches.at(-1)
    if (batch && batch.length < most.parts && rows + part.transactions <= most.rows) batch.push(part)
    else {
      batches.push([part])
      rows = 0
    }
    rows += part.transactions
  }
  return batches
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
