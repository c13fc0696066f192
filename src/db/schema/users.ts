import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { bytea, id, instant } from './columns.ts'

export const appUser = pgTable('app_user', {
  id: id(),
  /** Null for a user whom a platform-wide connection brought along and who has not signed up. */
  email: text('email').unique(),
  timeZone: text('time_zone').notNull().default('UTC'),
  baseCurrency: text('base_currency').notNull().default('EUR'),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** When they last looked: sources of active users are synced more often. */
  lastSeenAt: instant('last_seen_at'),
  /** Argon2id, as a PHC string; null for who cannot log in (added on the command line, or by a connection). */
  passwordHash: text('password_hash'),
  /** The secret of the second factor, sealed; it counts once `totpConfirmedAt` is set. */
  totpSecret: bytea('totp_secret'),
  totpConfirmedAt: instant('totp_confirmed_at'),
  /** The time step of the last code that was taken: each is good for one time. */
  totpStep: bigint('totp_step', { mode: 'bigint' }),
})
