import { pgTable, text } from 'drizzle-orm/pg-core'
import { id, instant } from './columns.ts'

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
