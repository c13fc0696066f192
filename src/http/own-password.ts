import { type LogInRecord, readLogIn } from '../db/passwords.ts'
import { openSecret } from '../db/second-factor.ts'
import { RefusedError } from '../errors.ts'
import type { Guards } from './identity.ts'
import type { HttpParts } from './parts.ts'
import { stepOf } from './totp.ts'
import { bounds, type Tries } from './tries.ts'

/**
 * That somebody who is logged in is the person, and not who found their computer. Throws a RefusedError where the
 * password is not right, a TooManyRequestsError, a BusyError.
 */
export async function confirmPassword(
  { db }: Pick<HttpParts, 'db'>,
  { passwords, tries }: Guards,
  userId: string,
  password: string,
): Promise<LogInRecord & { passwordHash: string }> {
  const attempt = await tries.begin(bounds.ownPassword(userId))
  const { record, right } = await attempt.decide(async () => {
    const record = await readLogIn(db.sql, userId)
    return { record, right: await passwords.matches(password, record.passwordHash) }
  })
  const { passwordHash } = record
  if (!right || passwordHash === null) throw new RefusedError('the password is not right')
  await attempt.succeeded()
  return { ...record, passwordHash }
}

/**
 * The time step of a code of the second factor; undefined where it is not one of the present ones, or not newer than
 * the last that was taken. Throws a TooManyRequestsError.
 */
export async function checkCode(
  { keyring }: Pick<HttpParts, 'keyring'>,
  tries: Tries,
  { userId, sealed, lastStep }: { userId: string; sealed: Uint8Array; lastStep: number },
  code: string,
  now: Date,
): Promise<number | undefined> {
  const attempt = await tries.begin(bounds.code(userId))
  const secret = await attempt.decide(async () => openSecret(keyring, userId, sealed))
  const step = stepOf(secret, code, now)
  if (step === undefined || step <= lastStep) return undefined
  await attempt.succeeded()
  return step
}
