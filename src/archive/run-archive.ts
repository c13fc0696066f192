import { addDays } from '../calendar.ts'
import { compactMonth } from '../db/archive-compact.ts'
import { monthsToArchive } from '../db/archive-months.ts'
import type { Archive } from './archive.ts'
import { type ArchivedCounts, archiveMonth } from './archive-month.ts'
import { removeUnused, renewFiles } from './renew-files.ts'

export interface ArchiveRun extends ArchivedCounts {
  months: number
  /** Months that somebody wrote to meanwhile, of which something is left. */
  left: number
  renewed: number
  removed: number
}

export interface ArchiveOptions {
  /** Months are archived of which every day is older. */
  afterDays: number
  /** Files that nothing is read from any more are kept for so long. */
  keepUnusedDays: number
  /** So many of so many months are done. */
  onMonth?: (done: number, of: number) => void
}

/** Moves all detail that is old enough to files, and puts the files in order. Can be cut off anywhere, and run again. */
export async function runArchive(archive: Archive, options: ArchiveOptions): Promise<ArchiveRun> {
  const run: ArchiveRun = { months: 0, files: 0, transactions: 0, left: 0, renewed: 0, removed: 0 }
  const before = addDays(archive.clock().toISOString().slice(0, 10), -options.afterDays)
  const months = await monthsToArchive(archive.db, before)
  for (const [index, month] of months.entries()) {
    const { files, transactions, done } = await archiveMonth(archive, month)
    if (files > 0) {
      run.months++
      await compactMonth(archive.db, month)
    }
    run.files += files
    run.transactions += transactions
    if (!done) run.left++
    options.onMonth?.(index + 1, months.length)
  }
  run.renewed = await renewFiles(archive)
  run.removed = await removeUnused(archive, options.keepUnusedDays)
  return run
}
