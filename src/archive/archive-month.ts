import { dropArchived, readArchivable } from '../db/archive-detail.ts'
import {
  beginMonth,
  dropNotes,
  earlierWritesEnd,
  endMonth,
  lateNotes,
  leaveUsers,
  type UserCount,
  usersToArchive,
} from '../db/archive-months.ts'
import type { Archive } from './archive.ts'
import { bringInParts } from './bring-in-parts.ts'
import { mostRows } from './detail-file.ts'
import { writeFile } from './write-file.ts'

/** About as many transactions are in one file; those of one user are not divided for it, unless they are too many. */
const usualRows = 50_000

/** Of who writes as a month is begun: for some five seconds. */
const usualLooks = 9

export interface ArchivedCounts {
  files: number
  transactions: number
}

export interface MonthOptions {
  rowsPerFile?: number
  rowsInFile?: number
  looks?: number
}

/**
 * Moves the detail of a month to files, users by users: written, read back, and only then dropped, each file in one
 * statement. The first time all of it, later that of users of whom something has come since, alone. Cut off anywhere, it
 * goes on where it was: what is dropped is in a file that the database knows, and what is not dropped is written again, to
 * another file. Not done where something is left to the next run, as somebody wrote to it meanwhile.
 */
export async function archiveMonth(
  archive: Archive,
  month: string,
  { rowsPerFile = usualRows, rowsInFile = mostRows, looks = usualLooks }: MonthOptions = {},
): Promise<ArchivedCounts & { done: boolean }> {
  const { db } = archive
  const counts = { files: 0, transactions: 0 }
  const whole = await beginMonth(db, month)
  if (whole && !(await earlierWritesEnd(db, looks))) return { ...counts, done: false }
  const look = async () => {
    const notes = await lateNotes(db, month)
    const among = whole ? undefined : notes.map(({ userId }) => userId)
    return { notes, users: await usersToArchive(db, month, among) }
  }
  let due = await look()
  if (await bringInParts(archive, month, due.users, rowsInFile / 2)) due = await look()
  const left = new Set<string>()
  for (const userIds of rangesOf(due.users, rowsPerFile)) {
    const moved = await archiveUsers(archive, month, { userIds, alone: !whole, rowsInFile })
    counts.files += moved.files
    counts.transactions += moved.transactions
    if (!moved.done) for (const userId of userIds) left.add(userId)
  }
  if (left.size > 0) await leaveUsers(db, month, [...left])
  await dropNotes(db, due.notes)
  if (whole) await endMonth(db, month)
  return { ...counts, done: left.size === 0 }
}

/** What is left to archive of users between two, or of these users alone. */
async function archiveUsers(
  archive: Archive,
  month: string,
  { userIds, alone, rowsInFile }: { userIds: string[]; alone: boolean; rowsInFile: number },
): Promise<ArchivedCounts & { done: boolean }> {
  const { sql } = archive.db
  const counts = { files: 0, transactions: 0 }
  const [first, last] = [userIds[0]!, userIds.at(-1)!]
  // More than one file where a single user has more than a file holds.
  for (let left = true; left; ) {
    archive.signal.throwIfAborted()
    const rows = await readArchivable(sql, month, first, last, rowsInFile, alone ? userIds : undefined)
    if (rows.length === 0) break
    left = rows.length === rowsInFile
    const written = await writeFile(archive, month, rows)
    const dropped = await dropArchived(sql, written.file, written.rows, archive.clock())
    if (!dropped) {
      // Somebody wrote to one of these transactions meanwhile.
      await archive.store.remove(written.file.key)
      return { ...counts, done: false }
    }
    counts.files++
    counts.transactions += rows.length
  }
  return { ...counts, done: true }
}

/** Users one after the other, so many that each range has about `rows` transactions. */
function* rangesOf(users: UserCount[], rows: number): Generator<string[]> {
  let range: string[] = []
  let sum = 0
  for (const { userId, transactions } of users) {
    if (range.length > 0 && sum + transactions > rows) {
      yield range
      range = []
      sum = 0
    }
    range.push(userId)
    sum += transactions
  }
  if (range.length > 0) yield range
}
