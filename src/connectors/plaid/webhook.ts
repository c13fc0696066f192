import { createHash, timingSafeEqual } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { addDays, isDay } from '../../calendar.ts'
import { RefusedError } from '../../errors.ts'
import type { Webhook, WebhookHint, WebhookRequest } from '../connector.ts'
import { parseExactJson } from '../json.ts'
import { meaningOf } from './errors.ts'
import type { PlaidSettings } from './settings.ts'
import { createVerificationKeys } from './verification-keys.ts'
import { plaidWebhook } from './wire.ts'

/** Seconds; https://plaid.com/docs/api/webhooks/webhook-verification/ */
const maxAge = 300
/** Seconds by which Plaid's clock may be ahead of ours. */
const maxSkew = 60

/** Plaid's notifications, each signed with a JWT in its Plaid-Verification header. */
export function createWebhook(): Webhook<PlaidSettings> {
  const verificationKey = createVerificationKeys()
  return {
    async verify(request, context) {
      const token = request.headers[signatureHeader] ?? ''
      const { alg, kid } = orRefuse(() => decodeProtectedHeader(token))
      if (alg !== 'ES256') throw new RefusedError('the notification is not signed with ES256')
      if (typeof kid !== 'string' || !/^[\w-]{1,100}$/.test(kid))
        throw new RefusedError('the signature names no key')

      const now = context.clock()
      const { key, expiredAt } = await verificationKey(kid, context)
      if (expiredAt && expiredAt <= now)
        throw new RefusedError('the key that signed the notification is retired')
      const payload = await jwtVerify(token, key, { algorithms: ['ES256'], currentDate: now }).then(
        (verified) => verified.payload,
        refuse,
      )
      const age = Math.floor(now.getTime() / 1000) - (payload.iat ?? Number.NEGATIVE_INFINITY)
      if (!(age <= maxAge)) throw new RefusedError('the notification is older than 5 minutes')
      if (age < -maxSkew) throw new RefusedError('the notification is from the future')
      if (!isDigestOf(payload, request.body))
        throw new RefusedError('the notification is not the one that was signed')
    },
    hints(request) {
      const signedAt = signedAtOf(request)
      const hint = hintOf(request.body, signedAt)
      return hint ? [{ ...hint, eventId: eventIdOf(request.body, signedAt) }] : []
    },
  }
}

const signatureHeader = 'plaid-verification'

function orRefuse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return refuse(error)
  }
}

function refuse(error: unknown): never {
  if (error instanceof SyntaxError) throw new RefusedError('the notification is not JSON', { cause: error })
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    throw new RefusedError('the notification bears no valid signature', { cause: error })
  throw error
}

function isDigestOf(payload: JWTPayload, body: Uint8Array): boolean {
  const { request_body_sha256: claimed } = payload
  if (typeof claimed !== 'string') return false
  const [a, b] = [Buffer.from(claimed), Buffer.from(sha256(body))]
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * Plaid names no event, and the bodies of two of them may be the same to the letter: SYNC_UPDATES_AVAILABLE says
 * nothing but which Item it is. The body alone would take every later one for the first, whose sync is long over; so
 * the second in which it was signed goes with it. What arrives twice with one signature is one event; what Plaid
 * sends again after a failure it signs again (a signature is good for 5 minutes, retries go on for a day), which costs
 * a sync that finds nothing.
 */
function eventIdOf(body: Uint8Array, signedAt: number): string {
  return sha256(`${signedAt} ${sha256(body)}`)
}

/** Seconds since the epoch. */
function signedAtOf({ headers }: WebhookRequest): number {
  const { iat } = orRefuse(() => decodeJwt(headers[signatureHeader] ?? ''))
  if (iat === undefined) throw new RefusedError('the signature does not say when it was made')
  return iat
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** What a notification is about; undefined where it concerns nothing here, as that of another product. */
function hintOf(body: Uint8Array, signedAt: number): Omit<WebhookHint, 'eventId'> | undefined {
  const parsed = plaidWebhook.safeParse(orRefuse(() => parseExactJson(new TextDecoder().decode(body))))
  if (!parsed.success) return undefined
  const { webhook_type, webhook_code, item_id: connection, error } = parsed.data
  const code = `${webhook_type} ${webhook_code}`
  if (code === 'ITEM ERROR') {
    const meaning = error ? meaningOf(error) : undefined
    return meaning === 'reauth' || meaning === 'revoked' ? { connection, kind: meaning } : undefined
  }
  const kind = kindsByCode[code]
  if (kind !== 'warning') return kind && { connection, kind }
  const end = parsed.data.consent_expiration_time?.slice(0, 10) ?? ''
  const day = isDay(end) ? end : addDays(new Date(signedAt * 1000).toISOString().slice(0, 10), noticeDays)
  return { connection, kind, message: `the provider says that its owner has to sign in again by ${day}` }
}

/** "Fired 7 days before the existing Item is scheduled for disconnection", which is all that tells its day. */
const noticeDays = 7

const kindsByCode: Record<string, WebhookHint['kind']> = {
  'TRANSACTIONS SYNC_UPDATES_AVAILABLE': 'sync',
  // Those of /transactions/get are sent all the same, the first two also before the first sync.
  'TRANSACTIONS INITIAL_UPDATE': 'sync',
  'TRANSACTIONS HISTORICAL_UPDATE': 'sync',
  'TRANSACTIONS DEFAULT_UPDATE': 'sync',
  'TRANSACTIONS TRANSACTIONS_REMOVED': 'sync',
  // The owner signed in again, perhaps in another application.
  'ITEM LOGIN_REPAIRED': 'repaired',
  // Before the consent ends, or the institution moves on: Link's update mode keeps it, and until then all goes on.
  'ITEM PENDING_EXPIRATION': 'warning',
  'ITEM PENDING_DISCONNECT': 'warning',
  'ITEM USER_PERMISSION_REVOKED': 'revoked',
}
