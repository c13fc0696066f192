import type { Sql } from './client.ts'

/** What a log-in is checked against. */
export interface LogInRecord {
  userId: string
  /** Argon2id, as a PHC string; null for who cannot log in. */
  passwordHash: string | null
  /** Undefined where there is none, or it was not confirmed. */
  secondFactor: { sealed: Uint8Array; lastStep: number } | undefined
}

/** Undefined where nobody has the email. */
export async function findLogIn(sql: Sql, email: string): Promise<LogInRecord | undefined> {
  const [row] = await sql`SELECT ${columns(sql)} FROM app_user WHERE email = ${email}`
  return row && recordOf(row)
}

/** Of a user who is logged in. */
export async function readLogIn(sql: Sql, userId: string): Promise<LogInRecord> {
  const [row] = await sql`SELECT ${columns(sql)} FROM app_user WHERE id = ${userId}`
  return recordOf(row)
}

function columns(sql: Sql) {
  return sql`id, password_hash, totp_secret, totp_step, totp_confirmed_at IS NOT NULL AS confirmed`
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
function recordOf(row: any): LogInRecord {
  return {
    userId: row.id,
    passwordHash: row.password_hash,
    secondFactor: row.confirmed
      ? { sealed: row.totp_secret, lastStep: row.totp_step === null ? -1 : Number(row.totp_step) }
      : undefined,
  }
}

export interface PasswordChange {
  userId: string
  /** The hash that the former password was compared with; undefined to change it whatever it is. */
  before?: string | undefined
  after: string
  /** Stays open; every other session of the user ends. */
  keptSession?: string | undefined
  removeSecondFactor?: boolean
}

/** False where the password is another one by now, or there is no such user. */
export async function changePassword(
  sql: Sql,
  { userId, before, after, keptSession, removeSecondFactor = false }: PasswordChange,
  now: Date,
): Promise<boolean> {
  const [row] = await sql`
    SELECT change_password(${userId}, ${before ?? null}, ${after}, ${keptSession ?? null}, ${removeSecondFactor},
      ${now.toISOString()}) AS changed`
  return row!.changed
}
