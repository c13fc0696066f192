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
  text,
  timestamp,
  unique,
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
  email: text('email').notNull().unique(),
  timeZone: text('time_zone').notNull().default('UTC'),
  baseCurrency: text('base_currency').notNull().default('EUR'),
  createdAt: instant('created_at').notNull().defaultNow(),
})

/** One row a connector; `file` is what statement files are imported through. */
export const sourceType = pgTable('source_type', {
  id: text('id').primaryKey(),
  title: text('title').notNull(),
})

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
    credentials: bytea('credentials'),
    config: jsonb('config').notNull().default({}),
    cursor: jsonb('cursor'),
    lastSyncTime: instant('last_sync_time'),
    nextSyncAt: instant('next_sync_at'),
    leaseToken: uuid('lease_token'),
    leaseUntil: instant('lease_until'),
    status: text('status').notNull().default('active'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    unique('user_source_name').on(table.userId, table.sourceTypeId, table.name).nullsNotDistinct(),
    index('user_source_due').on(table.nextSyncAt).where(sql`status = 'active' and next_sync_at is not null`),
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
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at'),
    outcome: text('outcome'),
    /** What was read: a file's name, or the mode of a sync. */
    subject: text('subject').notNull(),
    added: integer('added').notNull().default(0),
    changed: integer('changed').notNull().default(0),
    unchanged: integer('unchanged').notNull().default(0),
    removed: integer('removed').notNull().default(0),
    message: text('message'),
  },
  (table) => [index('sync_run_source').on(table.sourceId, table.startedAt)],
)

export const deadLetter = pgTable('dead_letter', {
  id: id(),
  sourceId: bigint('source_id', { mode: 'bigint' })
    .notNull()
    .references(() => userSource.id),
  createdAt: instant('created_at').notNull(),
  request: jsonb('request').notNull(),
  error: text('error').notNull(),
  attempts: integer('attempts').notNull(),
  status: text('status').notNull().default('open'),
})

/** The instants at which a provider's budget was used: a sliding window that holds across processes. */
export const providerQuota = pgTable(
  'provider_quota',
  {
    scope: text('scope').notNull(),
    slot: integer('slot').notNull(),
    usedAt: instant('used_at').notNull(),
    pausedUntil: instant('paused_until'),
  },
  (table) => [primaryKey({ columns: [table.scope, table.slot] })],
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
