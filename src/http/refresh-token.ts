import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Keyring } from '../keyring.ts'

/**
 * Refresh tokens: opaque, good for one time. `tmr_`, and in base64url the id of a key of the installation (8 bytes) and
 * a secret (32 bytes). The database knows the SHA-256 of the secret alone.
 *
 * The secret of a token's successor is the HMAC of its own, under the key that it names. So the same token has the same
 * successor whenever and wherever it is exchanged, which lets an answer that was lost on its way be given once more
 * (sql/functions/0017_rotate_refresh_token.sql) without a token in the database; and nobody without the key knows
 * a successor from the token before it. The key is named in the token, so that this holds while keys are rotated: the
 * successor itself names the current one. Where the named one is gone, the current one takes its place.
 *
 * The name of the key is no part of what tells a token. Who changes it gets another successor, and is then as good as
 * somebody who reuses a token.
 */
export const refreshTokenPrefix = 'tmr_'

/** Days from the log-in, whatever is refreshed. */
export const sessionDays = 30
/** Seconds within which a lost answer is forgiven. */
export const forgivingSeconds = 120

const keyIdBytes = 8
const secretBytes = 32
const purpose = 'refresh token'

export interface RefreshToken {
  keyId: string
  secret: Buffer
}

export function makeRefreshToken(keyring: Keyring): RefreshToken {
  return { keyId: keyring.currentKeyId(), secret: randomBytes(secretBytes) }
}

export function successorOf(keyring: Keyring, { keyId, secret }: RefreshToken): RefreshToken {
  const key = keyring.derive(purpose, keyId) ?? keyring.derive(purpose)!
  return {
    keyId: keyring.currentKeyId(),
    secret: createHmac('sha256', key.secret).update(secret).digest(),
  }
}

export function hashRefreshToken({ secret }: RefreshToken): Buffer {
  return createHash('sha256').update(secret).digest()
}

export function writeRefreshToken({ keyId, secret }: RefreshToken): string {
  return refreshTokenPrefix + Buffer.concat([Buffer.from(keyId, 'hex'), secret]).toString('base64url')
}

/** Undefined where it is nothing that `writeRefreshToken` writes. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  if (!text.startsWith(refreshTokenPrefix)) return undefined
  const encoded = text.slice(refreshTokenPrefix.length)
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.length !== keyIdBytes + secretBytes || bytes.toString('base64url') !== encoded) return undefined
  return { keyId: bytes.toString('hex', 0, keyIdBytes), secret: bytes.subarray(keyIdBytes) }
}
