import { instantOf, type Sql } from './client.ts'

const sessionsPerStatement = 200

export interface NewSession {
  /** A UUID. */
  id: string
  userId: string
  /** SHA-256 of its first refresh token. */
  tokenHash: Uint8Array
  createdAt: Date
  expiresAt: Date
}

/** What the log-in showed: it is checked once more in the statement that opens the session. */
export interface LogIn {
  /** The hash that the password was compared with. */
  passwordHash: string
  /** The time step of the code; undefined where there is no second factor. */
  codeStep: number | undefined
}

/**
 * Opens a session, and takes the code's step, so that the code is good for nothing else. False where the password was
 * changed meanwhile, the second factor was turned on or off, or the code was used already: then nothing is written.
 */
export async function openSession(sql: Sql, session: NewSession, logIn: LogIn): Promise<boolean> {
  const step = logIn.codeStep ?? null
  const opened = await sql`
    WITH known AS (
      UPDATE app_user SET totp_step = coalesce(${step}::bigint, totp_step)
      WHERE id = ${session.userId} AND password_hash = ${logIn.passwordHash}
        AND (totp_confirmed_at IS NOT NULL) = (${step}::bigint IS NOT NULL)
        AND coalesce(totp_step < ${step}::bigint, true)
      RETURNING id
    ), opened AS (
      INSERT INTO session (id, user_id, created_at, expires_at)
      SELECT ${session.id}, id, ${session.createdAt.toISOString()}, ${session.expiresAt.toISOString()} FROM known
    )
    INSERT INTO refresh_token (hash, session_id) SELECT ${session.tokenHash}, ${session.id} FROM known`
  return opened.count === 1
}

export interface Rotation {
  /** See sql/functions/0017_rotate_refresh_token.sql. The session goes on after the first two. */
  outcome: 'rotated' | 'forgiven' | 'reused' | 'ended' | 'unknown'
  /** Null where the token is not known. */
  session: { id: string; userId: string; expiresAt: Date } | null
}

/** Exchanges a refresh token for its successor; both are told by their SHA-256. */
export async function rotateRefreshToken(
  sql: Sql,
  { hash, successor }: { hash: Uint8Array; successor: Uint8Array },
  { now, forgivingSeconds }: { now: Date; forgivingSeconds: number },
): Promise<Rotation> {
  const [row] = await sql`
    SELECT * FROM rotate_refresh_token(${hash}, ${successor}, ${now.toISOString()},
      make_interval(secs => ${forgivingSeconds}))`
  const { outcome, session_id: id, user_id: userId, expires_at: expiresAt } = row!
  return { outcome, session: id === null ? null : { id, userId, expiresAt: instantOf(expiresAt) } }
}

/** Ends a session; one that was ended stays as it was. */
export async function endSession(sql: Sql, userId: string, sessionId: string, now: Date): Promise<void> {
  await sql`
    UPDATE session SET revoked_at = ${now.toISOString()}
    WHERE user_id = ${userId} AND id = ${sessionId} AND revoked_at IS NULL`
}

/** Ends every session of a user that goes on. One that is being opened meanwhile is a log-in of its own. */
export async function endSessions(sql: Sql, userId: string, now: Date): Promise<void> {
  await sql`UPDATE session SET revoked_at = ${now.toISOString()} WHERE user_id = ${userId} AND revoked_at IS NULL`
}

/** Ends the session of a refresh token, live or not; nothing where there is no such token. */
export async function endSessionOfToken(sql: Sql, hash: Uint8Array, now: Date): Promise<void> {
  await sql`
    UPDATE session SET revoked_at = ${now.toISOString()}
    WHERE id = (SELECT session_id FROM refresh_token WHERE hash = ${hash}) AND revoked_at IS NULL`
}

/** Forgets sessions that have expired, and their refresh tokens. */
export async function forgetSessions(sql: Sql, now: Date): Promise<number> {
  for (let total = 0; ; ) {
    const { count } = await sql`
      DELETE FROM session WHERE id IN (
        SELECT id FROM session WHERE expires_at <= ${now.toISOString()} LIMIT ${sessionsPerStatement}
      )`
    total += count
    if (count < sessionsPerStatement) return total
  }
}
