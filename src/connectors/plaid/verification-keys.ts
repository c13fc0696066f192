import { importJWK } from 'jose'
import { RefusedError } from '../../errors.ts'
import type { WebhookContext } from '../connector.ts'
import { createPlaidClient } from './client.ts'
import type { PlaidSettings } from './settings.ts'

export interface VerificationKey {
  key: Awaited<ReturnType<typeof importJWK>>
  /** From then on nothing is signed with it any more; null while it is in use. */
  expiredAt: Date | null
}

/** After it a key is asked for again, since only Plaid's answer tells that it was retired. */
const keptFor = 3_600_000
/** Of a key that Plaid does not know: it may be one that it has just made. */
const unknownFor = 60_000
/** Plaid has a handful. */
const maxKeys = 50
/** Anyone may send a notification that names a key: so many a minute are looked up, at the cost of our own limits. */
const maxLookups = 20

/** Plaid's public keys by their id, asked for once in a while. */
export function createVerificationKeys() {
  const keys = new Map<string, { key: Promise<VerificationKey>; until: number }>()
  let lookups: number[] = []

  async function lookUp(keyId: string, context: WebhookContext<PlaidSettings>): Promise<VerificationKey> {
    const { alg, kty, crv, x, y, expired_at } = await createPlaidClient(context).verificationKey(keyId)
    const key = await importJWK({ kty, crv, x, y }, alg)
    return { key, expiredAt: expired_at ? new Date(Number(expired_at) * 1000) : null }
  }

  /** Throws a RefusedError where Plaid knows no such key. */
  return async function get(keyId: string, context: WebhookContext<PlaidSettings>): Promise<VerificationKey> {
    const now = context.clock().getTime()
    // The sandbox has keys of its own.
    const name = `${context.settings.baseUrl} ${keyId}`
    const known = keys.get(name)
    if (known && now < known.until) return known.key

    lookups = lookups.filter((at) => at > now - 60_000 && at <= now)
    if (lookups.length >= maxLookups)
      throw new RefusedError('too many keys were asked for in the last minute: send the notification again')
    lookups.push(now)
    const entry = { key: lookUp(keyId, context), until: now + keptFor }
    keys.delete(name)
    keys.set(name, entry)
    for (const oldest of keys.keys()) {
      if (keys.size <= maxKeys) break
      keys.delete(oldest)
    }
    return entry.key.catch((error: unknown) => {
      if (error instanceof RefusedError) entry.until = now + unknownFor
      else if (keys.get(name) === entry) keys.delete(name)
      throw error
    })
  }
}
