import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { accountKinds } from '../page.ts'

/**
 * The plain tables, the same on both engines. The hypertable `transaction` and the flows over it are not here:
 * they are handwritten in sql/hypertables, sql/aggregates and sql/plain, because drizzle-kit knows neither.
 */

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
const id = () => bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity()
const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })
/** A transaction id of the server that never wraps around. */
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })

const quotedList = (values: readonly string[]) => sql.raw(values.map((value) => `'${value}'`).join(', '))

export const appUser = pgTable('app_user', {
  id: id(),
  /** Null for a user whom a platform-wide connection brought along and who has not signed up. */
  email: text('email').unique(),
  timeZone: text('time_zone').notNull().default('UTC'),
  baseCurrency: text('base_currency').notNull().default('EUR'),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** When they last looked: sources of active users are synced more often. */
  lastSeenAt: instant('last_seen_at'),
})

/** One row a connector; `file` is what statement files are imported through. */
export const sourceType = pgTable('source_type', {
  id: text('id').primaryKey(),
  title: text('title').notNull(),
})

/**
 * One connection to a provider. It has two streams, under one lease: the head, which brings what is new, and
 * backfill, which brings what was before the first sync, until nothing of it is left.
 */
export const userSource = pgTable(
  'user_source',
  {
    id: id(),
    /** Null for a platform-wide connection, whose rows belong to many users. */
    userId: bigint('user_id', { mode: 'bigint' }).references(() => appUser.id),
    sourceTypeId: text('source_type_id')
      .notNull()
      .references(() => sourceType.id),
    name: text('name').notNull(),
    /** The provider's identity of the connection, by which its notifications name it. */
    externalId: text('external_id'),
    credentials: bytea('credentials'),
    config: jsonb('config').notNull().default({}),
    /** active, paused, reauth (its owner has to sign in again), revoked, payment, removed. */
    status: text('status').notNull().default('active'),
    /** Why it is not active, or what the last attempt failed with. */
    statusMessage: text('status_message'),
    cursor: jsonb('cursor'),
    /** When the last complete sync of the head began: everything before it is known. */
    lastSyncTime: instant('last_sync_time'),
    nextSyncAt: instant('next_sync_at'),
    /** Of the next sync of the head: 0 somebody waits for it, 1 it is due. Backfill is lane 2. */
    lane: smallint('lane').notNull().default(1),
    /** Failures of the head in a row. */
    attempts: integer('attempts').notNull().default(0),
    backfillCursor: jsonb('backfill_cursor'),
    /** Days that backfill has still to read; null where nothing is left. */
    backfillFrom: date('backfill_from'),
    backfillTo: date('backfill_to'),
    /** When backfill goes on, or dead letters are run again. */
    backfillAt: instant('backfill_at'),
    backfillAttempts: integer('backfill_attempts').notNull().default(0),
    /** Who writes for the source shows this; another claim makes another one. */
    leaseToken: uuid('lease_token'),
    leaseUntil: instant('lease_until'),
    /** Set while a worker holds the lease. */
    runningLane: smallint('running_lane'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    unique('user_source_name').on(table.userId, table.sourceTypeId, table.name).nullsNotDistinct(),
    index('user_source_due')
      .on(table.sourceTypeId, table.lane, table.nextSyncAt)
      .where(sql`status = 'active' and next_sync_at is not null`),
    index('user_source_backfill')
      .on(table.sourceTypeId, table.backfillAt)
      .where(sql`status = 'active' and backfill_at is not null`),
    index('user_source_running')
      .on(table.sourceTypeId, table.runningLane)
      .where(sql`running_lane is not null`),
    index('user_source_external_id')
      .on(table.sourceTypeId, table.externalId)
      .where(sql`external_id is not null`),
  ],
)

/** Users that a platform-wide connection brought along, by the provider's identity of them. */
export const platformUser = pgTable(
  'platform_user',
  {
    sourceId: bigint('source_id', { mode: 'bigint' })
      .notNull()
      .references(() => userSource.id),
    externalId: text('external_id').notNull(),
    userId: bigint('user_id', { mode: 'bigint' })
      .notNull()
      .references(() => appUser.id),
  },
  (table) => [
    primaryKey({ columns: [table.sourceId, table.externalId] }),
    index('platform_user_external_id').on(table.externalId),
  ],
)

export const account = pgTable(
  'account',
  {
    id: id(),
    userId: bigint('user_id', { mode: 'bigint' })
      .notNull()
      .references(() => appUser.id),
    sourceId: bigint('source_id', { mode: 'bigint' })
      .notNull()
      .references(() => userSource.id),
    externalId: text('external_id').notNull(),
    kind: text('kind').notNull().default('other'),
    name: text('name').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    unique('account_external_id').on(table.sourceId, table.userId, table.externalId),
    index('account_user').on(table.userId),
    check('account_kind', sql`${table.kind} in (${quotedList(accountKinds)})`),
  ],
)

/**
 * Where a transaction lies and what it said, by its identity: finds the row that a change replaces without a
 * look into every chunk, and tells an unchanged row without reading it. A row whose `booked_on` is null is
 * remembered as gone.
 */
export const transactionRef = pgTable(
  'transaction_ref',
  {
    userId: bigint('user_id', { mode: 'bigint' }).notNull(),
    id: uuid('id').notNull(),
    bookedOn: date('booked_on'),
    /** What the row said, see src/db/page-encoding.ts. */
    digest: uuid('digest'),
    version: bigint('version', { mode: 'bigint' }).notNull().default(sql`0`),
    /** Another transaction took its place: it never comes back, whatever arrives later. */
    replaced: boolean('replaced').notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.userId, table.id] })],
)

/**
 * What a source reported an account to hold at the end of a day, beside what the transactions add up to.
 * `edge`: before a statement's first entry, after its last one, or set by hand.
 */
export const reconciliation = pgTable(
  'reconciliation',
  {
    userId: bigint('user_id', { mode: 'bigint' }).notNull(),
    accountId: bigint('account_id', { mode: 'bigint' })
      .notNull()
      .references(() => account.id),
    asset: text('asset').notNull(),
    day: date('day').notNull(),
    edge: text('edge').notNull(),
    reported: numeric('reported').notNull(),
    sequence: bigint('sequence', { mode: 'bigint' }).notNull().default(sql`0`),
    /** Sum of the provider's own posted rows up to the end of the day: no opening, no revaluation. */
    entries: numeric('entries').notNull().default('0'),
    /** Sum of all posted rows up to the end of the day. */
    folded: numeric('folded').notNull().default('0'),
    difference: numeric('difference').generatedAlwaysAs(sql`reported - folded`),
    recordedAt: instant('recorded_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.asset, table.day, table.edge] }),
    check('reconciliation_edge', sql`${table.edge} in ('open', 'close', 'set')`),
  ],
)

/**
 * From which day on the aggregates do not yet hold what a user's transactions say, and the write that made it so.
 * Always empty where triggers keep the flows.
 */
export const rollupDirty = pgTable('rollup_dirty', {
  userId: bigint('user_id', { mode: 'bigint' }).primaryKey(),
  fromDay: date('from_day').notNull(),
  markedXid: xid8('marked_xid').notNull(),
})

/** Daily closes and exchange rates: one unit of `asset` costs `price` units of `currency`. */
export const price = pgTable(
  'price',
  {
    asset: text('asset').notNull(),
    currency: text('currency').notNull(),
    day: date('day').notNull(),
    price: numeric('price').notNull(),
    provider: text('provider').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.asset, table.currency, table.day] }),
    check('price_positive', sql`${table.price} > 0 and ${table.price} < 'infinity'`),
  ],
)

/** Which pairs have prices at all: the edges along which an asset reaches a currency. */
export const pricePair = pgTable(
  'price_pair',
  {
    asset: text('asset').notNull(),
    currency: text('currency').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.asset, table.currency] }),
    index('price_pair_currency').on(table.currency, table.asset),
  ],
)

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

export const apiKey = pgTable('api_key', {
  id: id(),
  userId: bigint('user_id', { mode: 'bigint' })
    .notNull()
    .references(() => appUser.id),
  name: text('name').notNull(),
  hash: bytea('hash').notNull().unique(),
  scopes: text('scopes').array().notNull(),
  createdAt: instant('created_at').notNull(),
  revokedAt: instant('revoked_at'),
})

export const refreshToken = pgTable(
  'refresh_token',
  {
    hash: bytea('hash').primaryKey(),
    family: uuid('family').notNull(),
    userId: bigint('user_id', { mode: 'bigint' })
      .notNull()
      .references(() => appUser.id),
    expiresAt: instant('expires_at').notNull(),
    rotatedAt: instant('rotated_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [index('refresh_token_family').on(table.family)],
)
