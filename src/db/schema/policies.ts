import { integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/**
 * What the database does by itself, and how that goes: one row a policy of src/db/policies, where the defaults stand.
 * A claim is a lease, as of a source: one worker at a time runs a policy, and that of a dead one is free again.
 */
export const policy = pgTable('policy', {
  name: text('name').primaryKey(),
  /** What differs from the defaults. */
  settings: jsonb('settings').notNull().default({}),
  /** Null where none is planned. */
  nextRunAt: instant('next_run_at'),
  leaseToken: uuid('lease_token'),
  leaseUntil: instant('lease_until'),
  /** Of the last run, also of one under way or broken off, which has no end. */
  startedAt: instant('started_at'),
  endedAt: instant('ended_at'),
  /** Of the last run that ended: succeeded or failed, and what it told. */
  status: text('status'),
  message: text('message'),
  /** Runs that failed, of all. */
  failures: integer('failures').notNull().default(0),
})
