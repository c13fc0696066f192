import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, id, instant } from './columns.ts'
import { appUser } from './users.ts'

/** A log-in, from its password to its end: the family of its refresh tokens. */
export const session = pgTable(
  'session',
  {
    id: uuid('id').primaryKey(),
    userId: bigint('user_id', { mode: 'bigint' })
      .notNull()
      .references(() => appUser.id),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    /** By its owner, or because a rotated token came back. */
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    index('session_user').on(table.userId).where(sql`revoked_at is null`),
    index('session_expires').on(table.expiresAt),
  ],
)

/** A refresh token, by its SHA-256. One that was rotated stays, to be recognised when it comes back. */
export const refreshToken = pgTable(
  'refresh_token',
  {
    hash: bytea('hash').primaryKey(),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => session.id, { onDelete: 'cascade' }),
    rotatedAt: instant('rotated_at'),
    /** It came back once, because the answer to its rotation was lost. */
    forgiven: boolean('forgiven').notNull().default(false),
    /** The one before it came back: this one may not. */
    afterForgiven: boolean('after_forgiven').notNull().default(false),
  },
  (table) => [index('refresh_token_session').on(table.sessionId)],
)

export const apiKey = pgTable(
  'api_key',
  {
    id: id(),
    /** Null for a key of a service, which acts for the installation. */
    userId: bigint('user_id', { mode: 'bigint' }).references(() => appUser.id),
    name: text('name').notNull(),
    /** SHA-256 of the whole key. */
    hash: bytea('hash').notNull().unique(),
    /** How the key begins: enough to tell it from others, too little to use it. */
    hint: text('hint').notNull(),
    scopes: text('scopes').array().notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [index('api_key_user').on(table.userId)],
)

/** Tries that are counted, by what they are counted for: an address, an account. A hash, so that it names nobody. */
export const tryCount = pgTable(
  'try_count',
  {
    subject: bytea('subject').primaryKey(),
    count: integer('count').notNull(),
    /** When counting begins anew. */
    until: instant('until').notNull(),
  },
  (table) => [index('try_count_until').on(table.until)],
)

/** A request that its caller may send again: it has its effect once, and the same answer. */
export const idempotencyKey = pgTable(
  'idempotency_key',
  {
    /** Whose key it is: `user 12`, `service 3`, or `anonymous`. */
    owner: text('owner').notNull(),
    key: text('key').notNull(),
    /** Of method, path and body, under a key of the installation. */
    fingerprint: bytea('fingerprint').notNull(),
    /** Who works on it shows this. */
    token: uuid('token').notNull(),
    /** Until then nobody else takes the request up; null once it is answered. */
    lockedUntil: instant('locked_until'),
    status: smallint('status'),
    /** Headers and body of the answer, sealed: it may hold what is shown once. */
    answer: bytea('answer'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner, table.key] }),
    index('idempotency_key_created').on(table.createdAt),
  ],
)
