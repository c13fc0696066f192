import { dropArchived, readArchivable } from '../db/archive-detail.ts'
import { beginMonth, endMonth, type UserCount, usersToArchive } from '../db/archive-months.ts'
import type { Archive } from './archive.ts'
import { mostRows } from './detail-file.ts'
import { writeFile } from './write-file.ts'

/** About as many transactions are in one file; those of one user are not divided for it, unless they are too many. */
const usualRows = 50_000

export interface ArchivedCounts {
  files: number
  transactions: number
}

/**
 * Moves the detail of a month to files, users by users: written, read back, and only then dropped, each file in one
 * statement. Cut off anywhere, it goes on where it was: what is dropped is in a file that the database knows, and what is
 * not dropped is written again, to another file.
 */
export async function archiveMonth(
  archive: Archive,
  month: string,
  { rowsPerFile = usualRows, rowsInFile = mostRows }: { rowsPerFile?: number; rowsInFile?: number } = {},
): Promise<ArchivedCounts & { done: boolean }> {
  const { sql } = archive.db
  const counts = { files: 0, transactions: 0 }
  await beginMonth(archive.db, month)
  for (const range of rangesOf(await usersToArchive(archive.db, month), rowsPerFile)) {
    // More than one file where a single user has more than a file holds.
    for (let left = true; left; ) {
      archive.signal.throwIfAborted()
      const rows = await readArchivable(sql, month, range.first, range.last, rowsInFile)
      if (rows.length === 0) break
      left = rows.length === rowsInFile
      const written = await writeFile(archive, month, rows)
      const dropped = await dropArchived(sql, written.file, written.rows, archive.clock())
      if (!dropped) {
        // Somebody wrote to one of these transactions meanwhile. The next run takes the month up again.
        await archive.store.remove(written.file.key)
        return { ...counts, done: false }
      }
      counts.files++
      counts.transactions += rows.length
    }
  }
  await endMonth(archive.db, month)
  return { ...counts, done: true }
}

/** Users one after the other, so many that each range has about `rows` transactions. */
function* rangesOf(users: UserCount[], rows: number): Generator<{ first: string; last: string }> {
  let first: string | undefined
  let last = ''
  let sum = 0
  for (const { userId, transactions } of users) {
    if (first !== undefined && sum + transactions > rows) {
      yield { first, last }
      first = undefined
      sum = 0
    }
    first ??= userId
    last = userId
    sum += transactions
  }
  if (first !== undefined) yield { first, last }
}
