import { sql } from 'drizzle-orm'
import {
  bigint,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { id, instant } from './columns.ts'
import { userSource } from './sources.ts'

export const syncRun = pgTable(
  'sync_run',
  {
    id: id(),
    sourceId: bigint('source_id', { mode: 'bigint' })
      .notNull()
      .references(() => userSource.id),
    /** The lease under which the run wrote; null for a file. */
    leaseToken: uuid('lease_token').unique(),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at'),
    /** done, failed, or yielded to what is more urgent. */
    outcome: text('outcome'),
    /** What was read: a file's name, or the mode of a sync. */
    subject: text('subject').notNull(),
    pages: integer('pages').notNull().default(0),
    added: integer('added').notNull().default(0),
    changed: integer('changed').notNull().default(0),
    unchanged: integer('unchanged').notNull().default(0),
    removed: integer('removed').notNull().default(0),
    message: text('message'),
  },
  (table) => [
    index('sync_run_source').on(table.sourceId, table.startedAt),
    // Runs are written in the order of their times: what is old is found by block.
    index('sync_run_started').using('brin', table.startedAt),
    // What an operator looks for among all runs, and what few of them are.
    index('sync_run_failed').on(table.id).where(sql`outcome = 'failed'`),
  ],
)

/** A fetch that failed for the last time, or whose answer had parts that could not be used: enough to run it again. */
export const deadLetter = pgTable(
  'dead_letter',
  {
    id: id(),
    sourceId: bigint('source_id', { mode: 'bigint' })
      .notNull()
      .references(() => userSource.id),
    /** `fetch`: nothing came; `record`: the rest of the answer is stored. */
    kind: text('kind').notNull(),
    /** {mode, window, cursor}: what to pull again. */
    request: jsonb('request').notNull(),
    /** The same failure has the same key, and one letter. */
    failureKey: uuid('failure_key').notNull(),
    code: text('code').notNull(),
    error: text('error').notNull(),
    attempts: integer('attempts').notNull(),
    /** open, queued (to be run again), resolved, discarded. */
    status: text('status').notNull().default('open'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('dead_letter_failure')
      .on(table.sourceId, table.failureKey)
      .where(sql`status in ('open', 'queued')`),
    index('dead_letter_source').on(table.sourceId, table.status),
    index('dead_letter_open').on(table.updatedAt).where(sql`status in ('open', 'queued')`),
    // Those of all sources, page by page.
    index('dead_letter_unsettled').on(table.id).where(sql`status in ('open', 'queued')`),
    index('dead_letter_status').on(table.status, table.id),
  ],
)

/**
 * The budget of a scope, one row a request that its window allows: a request takes the row that was free the longest.
 * A sliding window that holds across processes and restarts. See docs/decisions/0010-request-budgets.md.
 */
export const providerQuota = pgTable(
  'provider_quota',
  {
    scope: text('scope').notNull(),
    slot: integer('slot').notNull(),
    /** When the provider may have counted the request at the latest: while it is under way, its timeout. */
    usedAt: instant('used_at').notNull(),
    grantedAt: instant('granted_at').notNull(),
    lane: smallint('lane').notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.slot] })],
)

/** Scopes that answered 429: nothing is asked of them until then. */
export const providerPause = pgTable('provider_pause', {
  scope: text('scope').primaryKey(),
  pausedUntil: instant('paused_until').notNull(),
  /** 429 answers in a row. */
  strikes: integer('strikes').notNull(),
})

/** Notifications that were acted on: each arrives more than once. */
export const webhookEvent = pgTable(
  'webhook_event',
  {
    sourceTypeId: text('source_type_id').notNull(),
    eventId: text('event_id').notNull(),
    receivedAt: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sourceTypeId, table.eventId] }),
    index('webhook_event_received').on(table.receivedAt),
  ],
)
