import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { WebhookRequest } from '../connector.ts'

export interface Signer {
  keyId: string
  /** As /webhook_verification_key/get gives it. */
  publicKey(): object
  /** From `at` on the key is not in use. */
  retire(at: Date): void
  /** The notification as Plaid sends it, signed at `at`. */
  sign(body: string, at: Date): Promise<WebhookRequest>
}

/** A key of Plaid's that signs notifications (https://plaid.com/docs/api/webhooks/webhook-verification/). */
export function createSigner(createdAt: Date): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyId = randomUUID()
  let retiredAt: Date | null = null
  const seconds = (at: Date) => Math.floor(at.getTime() / 1000)
  return {
    keyId,
    publicKey: () => ({
      ...publicKey.export({ format: 'jwk' }),
      alg: 'ES256',
      use: 'sig',
      kid: keyId,
      created_at: seconds(createdAt),
      expired_at: retiredAt && seconds(retiredAt),
    }),
    retire: (at) => {
      retiredAt = at
    },
    async sign(body, at) {
      const digest = createHash('sha256').update(body).digest('hex')
      const token = await new SignJWT({ request_body_sha256: digest })
        .setProtectedHeader({ alg: 'ES256', kid: keyId, typ: 'JWT' })
        .setIssuedAt(seconds(at))
        .sign(privateKey)
      return {
        headers: { 'content-type': 'application/json', 'plaid-verification': token },
        body: new TextEncoder().encode(body),
      }
    },
  }
}
