import type { Keyring } from '../keyring.ts'
import type { Sql } from './client.ts'
import { type Completion, finishing } from './idempotency.ts'
import { keepUnderCurrentKey, type SealedColumn } from './sealed-column.ts'

export const secondFactorColumn: SealedColumn = {
  table: 'app_user',
  column: 'totp_secret',
  identityOf: (userId) => `second factor of user ${userId}`,
  nameOf: (userId) => `second factor of user ${userId}`,
}

interface Stored {
  /** In base32. */
  secret: string
}

/**
 * Seals and stores the secret of a second factor that is to be confirmed, in place of one that was not. False where one
 * is on already: then nothing is written.
 */
export async function beginSecondFactor(
  sql: Sql,
  keyring: Keyring,
  userId: string,
  stored: Stored,
  completion: Completion | undefined,
): Promise<boolean> {
  const sealed = keyring.seal(stored, secondFactorColumn.identityOf(userId))
  const begun = await sql`
    WITH begun AS (
      UPDATE app_user SET totp_secret = ${sealed}, totp_step = NULL
      WHERE id = ${userId} AND totp_confirmed_at IS NULL
      RETURNING id
    )
    SELECT id, ${finishing(sql, completion)} AS kept FROM begun`
  if (begun.length === 0) return false
  await keepUnderCurrentKey(sql, keyring, secondFactorColumn, userId, sealed)
  return true
}

/** The secret that waits to be confirmed, sealed; undefined where there is none. */
export async function readPendingSecret(sql: Sql, userId: string): Promise<Uint8Array | undefined> {
  const [row] = await sql`
    SELECT totp_secret FROM app_user WHERE id = ${userId} AND totp_confirmed_at IS NULL AND totp_secret IS NOT NULL`
  return row?.totp_secret
}

/** In base32. Throws as `Keyring.open`. */
export function openSecret(keyring: Keyring, userId: string, sealed: Uint8Array): string {
  return (keyring.open(sealed, secondFactorColumn.identityOf(userId)) as Stored).secret
}

/** From now on log-ins need a code. `sealed`: of the secret that the code was made with; false where it is another. */
export async function confirmSecondFactor(
  sql: Sql,
  userId: string,
  { sealed, step }: { sealed: Uint8Array; step: number },
  now: Date,
): Promise<boolean> {
  const { count } = await sql`
    UPDATE app_user SET totp_confirmed_at = ${now.toISOString()}, totp_step = ${step}
    WHERE id = ${userId} AND totp_confirmed_at IS NULL AND totp_secret = ${sealed}`
  return count === 1
}

/** False where there is none, or the code of that time step was used before. */
export async function removeSecondFactor(sql: Sql, userId: string, step: number): Promise<boolean> {
  const { count } = await sql`
    UPDATE app_user SET totp_secret = NULL, totp_confirmed_at = NULL, totp_step = NULL
    WHERE id = ${userId} AND totp_confirmed_at IS NOT NULL AND coalesce(totp_step < ${step}, true)`
  return count === 1
}
