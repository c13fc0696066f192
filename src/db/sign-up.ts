import type { Sql } from './client.ts'
import { type Completion, finishing } from './idempotency.ts'

export interface NewUser {
  id: string
  /** In lower case. */
  email: string
  timeZone: string
  baseCurrency: string
  /** Argon2id, as a PHC string. */
  passwordHash: string
  createdAt: Date
}

/** The id of a user who is about to sign up. */
export async function nextUserId(sql: Sql): Promise<string> {
  const [next] = await sql<{ id: string }[]>`SELECT nextval(pg_get_serial_sequence('app_user', 'id')) AS id`
  return next!.id
}

export async function isEmailTaken(sql: Sql, email: string): Promise<boolean> {
  const found = await sql`SELECT 1 FROM app_user WHERE email = ${email}`
  return found.length > 0
}

/** Adds a user who has a password. False where the email is taken: then nothing is written. */
export async function signUp(sql: Sql, user: NewUser, completion: Completion | undefined): Promise<boolean> {
  const added = await sql`
    WITH added AS (
      INSERT INTO app_user (id, email, time_zone, base_currency, created_at, password_hash)
      OVERRIDING SYSTEM VALUE
      VALUES (${user.id}, ${user.email}, ${user.timeZone}, ${user.baseCurrency}, ${user.createdAt.toISOString()},
        ${user.passwordHash})
      ON CONFLICT (email) DO NOTHING
      RETURNING id
    )
    SELECT id, ${finishing(sql, completion)} AS kept FROM added`
  return added.length === 1
}
