import { Cron } from 'croner'
import type { Context } from '../context.ts'
import type { Database } from '../db/database.ts'
import { forgetRuns, forgetSlots } from '../db/forget.ts'
import { forgetRequests } from '../db/idempotency.ts'
import { ensurePartitionsAhead } from '../db/partitions.ts'
import { refreshRollups } from '../db/rollups.ts'
import { forgetSessions } from '../db/sessions.ts'
import { forgetTries } from '../db/try-counts.ts'
import { forgetEvents } from '../db/webhook-events.ts'
import type { Shutdown } from '../shutdown.ts'

/** Keeps the aggregates near and partitions ahead: once a minute and once a day, never two of a kind at once. */
export function startUpkeep(
  { log, clock }: Pick<Context, 'log' | 'clock'>,
  db: Database,
  shutdown: Shutdown,
): void {
  const start = (name: string, pattern: string, run: () => Promise<unknown>) => {
    let running: Promise<void> = Promise.resolve()
    const job = new Cron(pattern, { protect: true, timezone: 'UTC' }, () => {
      running = run().then(
        (outcome) => {
          log.debug({ job: name, outcome }, 'upkeep done')
        },
        (error: unknown) =>
          log.error({ job: name, err: error }, 'upkeep failed; it is tried again at its next time'),
      )
      return running
    })
    shutdown.register(async () => {
      job.stop()
      await running
    })
  }
  start('rollups', '* * * * *', () => refreshRollups(db.sql, db.engine))
  start('partitions', '17 3 * * *', () => ensurePartitionsAhead(db.sql, clock()))
  start('old runs', '27 4 * * *', () => forgetRuns(db.sql, clock()))
  start('unused slots', '7 5 * * *', () => forgetSlots(db.sql, clock()))
  start('webhook events', '47 3 * * *', () => forgetEvents(db.sql, clock()))
  start('sessions', '7 4 * * *', () => forgetSessions(db.sql, clock()))
  start('tries', '37 3 * * *', () => forgetTries(db.sql, clock()))
  start('idempotency keys', '57 3 * * *', () => forgetRequests(db.sql, clock()))
}
