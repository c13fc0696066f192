import { bigint, boolean, date, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { bytea, id, instant } from './columns.ts'

/**
 * A file of the archive: transactions of one month and of the users between two, both included. It never changes, and its
 * key is never given again.
 */
export const archiveFile = pgTable('archive_file', {
  id: id(),
  /** Where it lies in the store. */
  key: text('key').notNull().unique(),
  month: date('month').notNull(),
  firstUserId: bigint('first_user_id', { mode: 'bigint' }).notNull(),
  lastUserId: bigint('last_user_id', { mode: 'bigint' }).notNull(),
  transactions: integer('transactions').notNull(),
  bytes: integer('bytes').notNull(),
  sha256: bytea('sha256').notNull(),
  writtenAt: instant('written_at').notNull(),
  /** Holds transactions of accounts that are gone: another file is to take its place. */
  renew: boolean('renew').notNull().default(false),
  /** Accounts of which it holds transactions that were brought back: no part tells of them any more. */
  leftAccountIds: bigint('left_account_ids', { mode: 'bigint' }).array().notNull().default([]),
  /**
   * Since when none of its transactions is the archive's: before its parts are, or as was seen since. Minus infinity where
   * it is being removed.
   */
  unusedSince: instant('unused_since'),
})

/**
 * Which of a user's transactions of a month are in which file, and nowhere else: the hypertable has their daily sums.
 * A month that had late rows after it was archived has several parts.
 */
export const archivePart = pgTable(
  'archive_part',
  {
    userId: bigint('user_id', { mode: 'bigint' }).notNull(),
    month: date('month').notNull(),
    fileId: bigint('file_id', { mode: 'bigint' })
      .notNull()
      .references(() => archiveFile.id),
    accountIds: bigint('account_ids', { mode: 'bigint' }).array().notNull(),
    transactions: integer('transactions').notNull(),
    /** The first eight bytes of each id, in order: enough to tell that one is here. */
    marks: bigint('marks', { mode: 'bigint' }).array().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.month, table.fileId] }),
    index('archive_part_file').on(table.fileId),
  ],
)

/**
 * Months that were, or are being, archived. `state`: running, from its begin until everything of it that was there is
 * archived, or done; late, which earlier versions wrote, where some may be left.
 */
export const archiveMonth = pgTable('archive_month', {
  month: date('month').primaryKey(),
  state: text('state').notNull(),
})

/**
 * Notes that something of a user has come to a month of archive_month, to be archived with the next run. Each write makes
 * its own: who takes some away takes none that they have not seen.
 */
export const archiveLate = pgTable(
  'archive_late',
  {
    id: id(),
    userId: bigint('user_id', { mode: 'bigint' }).notNull(),
    month: date('month').notNull(),
  },
  (table) => [index('archive_late_month').on(table.month, table.userId)],
)
