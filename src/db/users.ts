import { eq, notLike } from 'drizzle-orm'
import { isTimeZone } from '../calendar.ts'
import { NotFoundError, RefusedError } from '../errors.ts'
import { instantOf, type Sql } from './client.ts'
import type { Database } from './database.ts'
import { appUser } from './schema/users.ts'

export interface User {
  id: string
  email: string
  /** IANA name; decides on which day an instant falls. */
  timeZone: string
  /** ISO 4217 code or ticker that net worth is told in by default. */
  baseCurrency: string
}

/** Adds a user. Throws a RefusedError where the email is taken or a field is not what it should be. */
export async function addUser(db: Database, user: Omit<User, 'id'>): Promise<User> {
  const email = normaliseEmail(user.email)
  if (!isTimeZone(user.timeZone))
    throw new RefusedError(`"${user.timeZone}" is not a time zone: use an IANA name such as Europe/Berlin`)
  const baseCurrency = asCurrency(user.baseCurrency)
  const [added] = await db.orm
    .insert(appUser)
    .values({ email, timeZone: user.timeZone, baseCurrency })
    .onConflictDoNothing({ target: appUser.email })
    .returning()
  if (!added) throw new RefusedError(`there is a user ${email} already`)
  return { ...added, id: String(added.id), email }
}

/** Throws a NotFoundError where there is no such user. */
export async function findUser(db: Database, email: string): Promise<User> {
  const [found] = await db.orm.select().from(appUser).where(eq(appUser.email, email.trim().toLowerCase()))
  if (!found)
    throw new NotFoundError(
      `there is no user ${email.trim()}: add one with "tidemark user add ${email.trim()}"`,
    )
  return { ...found, id: String(found.id), email: email.trim().toLowerCase() }
}

/** What a user is told of themselves. */
export interface OwnUser extends Omit<User, 'email'> {
  /** Null for one whom a platform-wide connection brought along. */
  email: string | null
  /** ISO 8601. */
  createdAt: string
  secondFactor: boolean
}

export async function readOwnUser(sql: Sql, userId: string): Promise<OwnUser> {
  const [row] = await sql`
    SELECT id, email, time_zone, base_currency, created_at, totp_confirmed_at FROM app_user WHERE id = ${userId}`
  return ownUserOf(row)
}

/** Changes what is given; it has been checked before. */
export async function updateUser(
  sql: Sql,
  userId: string,
  { timeZone, baseCurrency }: { timeZone?: string | undefined; baseCurrency?: string | undefined },
): Promise<OwnUser> {
  const [row] = await sql`
    WITH updated AS (
      UPDATE app_user SET time_zone = coalesce(${timeZone ?? null}, time_zone),
        base_currency = coalesce(${baseCurrency ?? null}, base_currency)
      WHERE id = ${userId}
      RETURNING id, email, time_zone, base_currency, created_at, totp_confirmed_at
    )
    SELECT updated.*, mark_users_changed(ARRAY[id]) AS marked FROM updated`
  return ownUserOf(row)
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
function ownUserOf(row: any): OwnUser {
  return {
    id: row.id,
    email: row.email,
    timeZone: row.time_zone,
    baseCurrency: row.base_currency,
    createdAt: instantOf(row.created_at).toISOString(),
    secondFactor: row.totp_confirmed_at !== null,
  }
}

/** Marks a user as having looked: their sources are synced more often for a while. At most once an hour. */
export async function markSeen(db: Database, userId: string, now: Date): Promise<void> {
  const at = now.toISOString()
  await db.sql`
    UPDATE app_user SET last_seen_at = ${at}
    WHERE id = ${userId} AND (last_seen_at IS NULL OR last_seen_at < ${at}::timestamptz - INTERVAL '1 hour')`
}

/** True where there are users whose address does not end so. */
export async function hasOtherUsers(db: Database, ending: string): Promise<boolean> {
  const found = await db.orm
    .select({ id: appUser.id })
    .from(appUser)
    .where(notLike(appUser.email, `%${ending}`))
    .limit(1)
  return found.length > 0
}

/** A currency as it is written in the data: codes are upper case. Throws a RefusedError for anything else. */
export function asCurrency(text: string): string {
  const code = text.trim().toUpperCase()
  if (!/^[\x21-\x7e]{1,32}$/.test(code)) {
    throw new RefusedError(`"${text}" is not a currency: use an ISO 4217 code such as EUR, or a ticker`)
  }
  return code
}

function normaliseEmail(text: string): string {
  const email = text.trim().toLowerCase()
  // One @ with something on both sides and no blanks: anything finer is decided by a mail that arrives.
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254) {
    throw new RefusedError(`"${text}" is not an email address`)
  }
  return email
}
