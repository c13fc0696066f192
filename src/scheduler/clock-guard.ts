import { readClockDifference } from '../db/clock-difference.ts'
import type { Database } from '../db/database.ts'
import { InstallationError } from '../errors.ts'
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

/** Throws an InstallationError where the clock of the machine is another one than the database's: a run by it is planned by it. */
export async function refuseWrongClock(
  { clock, machineClock }: { clock: () => Date; machineClock: boolean },
  { sql }: Pick<Database, 'sql'>,
): Promise<void> {
  if (!machineClock) return
  const difference = await readClockDifference(sql, clock)
  if (Math.abs(difference) <= largestDifference) return
  throw new InstallationError(
    `the clock of this machine is ${Math.abs(Math.round(difference / 1000))} seconds ${difference > 0 ? 'ahead of' : 'behind'} the ` +
      'database’s: nothing is run until they agree; set both by NTP',
  )
}
