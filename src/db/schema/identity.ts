import { bigint, index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, id, instant } from './columns.ts'
import { appUser } from './users.ts'

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
