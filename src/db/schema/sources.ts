import { sql } from 'drizzle-orm'
import {
  bigint,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, id, instant } from './columns.ts'
import { appUser } from './users.ts'

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
