import { addDays } from '../calendar.ts'
import { compactMonth, finishCompaction } from '../db/archive-compact.ts'
import { monthsToArchive } from '../db/archive-months.ts'
import type { Archive } from './archive.ts'
import { type ArchivedCounts, archiveMonth } from './archive-month.ts'

export interface ArchiveRun extends ArchivedCounts {
  months: number
  /** Months that somebody wrote to meanwhile, of which something is left. */
  left: number
}

export interface ArchiveOptions {
  /** Months are archived of which every day is older. */
  afterDays: number
  /** So many of so many months are done. */
  onMonth?: (done: number, of: number) => void
}

/** Moves all detail that is old enough to files. Can be cut off anywhere, and run again. */
export async function runArchive(archive: Archive, options: ArchiveOptions): Promise<ArchiveRun> {
  const run: ArchiveRun = { months: 0, files: 0, transactions: 0, left: 0 }
  const before = addDays(archive.clock().toISOString().slice(0, 10), -options.afterDays)
  const months = await monthsToArchive(archive.db, before)
  await finishCompaction(archive.db)
  const moved = new Map<string, number>()
  for (const [index, month] of months.entries()) {
    const { files, transactions, done } = await archiveMonth(archive, month)
    if (files > 0) {
      run.months++
      moved.set(month, transactions)
      await compactMonth(archive.db, month, { moved })
    }
    run.files += files
    run.transactions += transactions
    if (!done) run.left++
    options.onMonth?.(index + 1, months.length)
  }
  return run
}
