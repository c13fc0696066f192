import { bigint, boolean, pgTable } from 'drizzle-orm/pg-core'
import { appUser } from './users.ts'

/**
 * Counts the changes to what a user's reads are made of, in the transactions that make them: an answer that was made
 * at a version is still right while the version is the same. See docs/decisions/0013-answers-by-version.md.
 */
export const userVersion = pgTable('user_version', {
  userId: bigint('user_id', { mode: 'bigint' })
    .primaryKey()
    .references(() => appUser.id),
  version: bigint('version', { mode: 'bigint' }).notNull(),
})

/** The same for prices, which are everybody's: one row. */
export const priceVersion = pgTable('price_version', {
  one: boolean('one').primaryKey().default(true),
  version: bigint('version', { mode: 'bigint' }).notNull(),
})
