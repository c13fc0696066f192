import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  index,
  numeric,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { accountKinds } from '../../page.ts'
import { id, instant, quotedList, xid8 } from './columns.ts'
import { userSource } from './sources.ts'
import { appUser } from './users.ts'

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
    /** What the row said, see src/db/page-encoding.ts; of one that was replaced, the id of what took its place. */
    digest: uuid('digest'),
    version: bigint('version', { mode: 'bigint' }).notNull().default(sql`0`),
    /** Another transaction took its place: it never comes back, whatever arrives later. */
    replaced: boolean('replaced').notNull().default(false),
    /** The day on which it went; null while it is there. The policy `references` forgets it some time later. */
    goneOn: date('gone_on'),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.id] }),
    // Few of all.
    index('transaction_ref_gone').on(table.goneOn).where(sql`gone_on IS NOT NULL`),
  ],
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
    // Few of all, one key for many days: see src/db/differences.ts.
    index('reconciliation_differing').on(table.accountId, table.asset).where(sql`difference <> 0`),
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

/** What a user says of a transaction, beside what its provider says, which is never rewritten. */
export const transactionAnnotation = pgTable(
  'transaction_annotation',
  {
    userId: bigint('user_id', { mode: 'bigint' }).notNull(),
    transactionId: uuid('transaction_id').notNull(),
    /** In place of the provider's. */
    category: text('category'),
    note: text('note'),
    tags: text('tags').array().notNull().default(sql`'{}'`),
    /** Moves money between the user's own accounts: neither income nor spending. Null where nobody has said. */
    transfer: boolean('transfer'),
    /** Left out of income and spending. Balances and net worth know of no such thing. */
    excluded: boolean('excluded').notNull().default(false),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.transactionId] })],
)
