import { readClockDifference } from '../db/clock-difference.ts'
import type { Scheduler } from './scheduler.ts'

/** Milliseconds. A budget is kept as exactly as the clocks of those who use it agree. */
const largestDifference = 5_000

/**
 * Whether the clock of this process agrees with the database's, which all workers share. One whose clock was set wrong
 * would break budgets and hold what it touches until its own time comes.
 */
export function createClockGuard({
  db,
  clock,
  log,
}: Pick<Scheduler, 'db' | 'clock' | 'log'>): () => Promise<boolean> {
  let agreed = true
  return async () => {
    const difference = await readClockDifference(db.sql, clock)
    const agrees = Math.abs(difference) <= largestDifference
    if (agreed && !agrees)
      log.error(
        { seconds: difference / 1000 },
        'the clock of this process differs from the database’s: nothing is synced here until they agree; set both by NTP',
      )
    agreed = agrees
    return agrees
  }
}
