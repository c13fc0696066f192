import { randomBytes, randomUUID } from 'node:crypto'
import { hashRefreshToken, makeRefreshToken, writeRefreshToken } from '../../src/http/refresh-token.ts'
import type { TestDatabase } from './database.ts'
import type { TestApp } from './http.ts'

export interface Account {
  id: string
  email: string
  password: string
}

let accounts = 0

/** Somebody who signed up. */
export async function newAccount(
  http: TestApp,
  password = `${randomBytes(9).toString('base64url')} ß`,
): Promise<Account> {
  const email = `account${accounts++}@example.org`
  const { status, body } = await http.json('POST', '/v1/users', { body: { email, password } })
  if (status !== 201) throw new Error(`signing up was answered ${status}: ${JSON.stringify(body)}`)
  return { id: body.id, email, password }
}

/** POST /v1/tokens, right or wrong. */
export function logIn(
  http: TestApp,
  { email, password }: Pick<Account, 'email' | 'password'>,
  more: object = {},
) {
  return http.json('POST', '/v1/tokens', { body: { email, password, ...more } })
}

/** A log-in without a password; gives its first refresh token. */
export async function openLogIn(db: TestDatabase, { parts, time }: TestApp, userId: string) {
  const token = makeRefreshToken(parts.keyring)
  const sessionId = randomUUID()
  const at = time.now.toISOString()
  await db.sql`
    WITH opened AS (
      INSERT INTO session (id, user_id, created_at, expires_at)
      VALUES (${sessionId}, ${userId}, ${at}, ${at}::timestamptz + INTERVAL '30 days')
    )
    INSERT INTO refresh_token (hash, session_id) VALUES (${hashRefreshToken(token)}, ${sessionId})`
  return { sessionId, refreshToken: writeRefreshToken(token) }
}

/** Lets time pass. */
export function pass(time: { now: Date }, seconds: number): void {
  time.now = new Date(time.now.getTime() + seconds * 1000)
}
