import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { type Completion, claimRequest, finishRequest, type RequestClaim } from '../db/idempotency.ts'
import { ConflictError, RefusedError, UnprocessableError } from '../errors.ts'
import { type Keyring, UnknownKeyError } from '../keyring.ts'
import { readForm } from './form.ts'
import { letGo } from './let-go.ts'
import type { HttpParts } from './parts.ts'

/**
 * Requests that may be sent again: the header Idempotency-Key, as in
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/. The first one with a key is worked on; another
 * one meanwhile is told so (409); a later one gets the same answer, byte for byte; one with another content is
 * refused (422). A request that was refused or failed lets its key go.
 */
export interface IdempotentRequest {
  /** The answer that was given before. */
  replay: Response | undefined
  /** Seals an answer, for the statement that has the request's effect to keep. */
  complete(status: number, body: string): Completion
  /** Keeps an answer that no statement kept yet. */
  finish(status: number, body: string): Promise<void>
  release(): Promise<void>
}

class KeyReusedError extends UnprocessableError {
  override readonly code = 'idempotency-key-reused'
}

class InFlightError extends ConflictError {
  override readonly code = 'request-in-flight'
}

/** Milliseconds after which a request whose server died may be taken up again. */
const lockMilliseconds = 120_000
const purpose = 'idempotency fingerprint'

export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  // The draft wants a structured string, in quotes; everybody sends the bare one.
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new RefusedError('Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID')
  return key
}

export async function claimIdempotently(
  parts: Pick<HttpParts, 'db' | 'keyring' | 'clock' | 'log' | 'sleep' | 'signal'>,
  owner: string,
  key: string,
  request: { method: string; target: string; body: Uint8Array },
): Promise<IdempotentRequest> {
  const { db, keyring, clock } = parts
  const claim: RequestClaim = { owner, key, token: randomUUID() }
  const now = clock()
  const found = await claimRequest(
    db.sql,
    { ...claim, fingerprint: fingerprintOf(keyring, request)! },
    now,
    new Date(now.getTime() + lockMilliseconds),
  ).catch(async (error: unknown) => {
    // It may have been claimed, and the word of it was lost.
    await letGo(parts, claim)
    throw error
  })
  if (!matches(keyring, request, found.fingerprint))
    throw new KeyReusedError('use another key for another request')
  if (found.state === 'in-flight')
    throw new InFlightError('its answer comes with the same request a little later')
  const identity = `answer to ${owner} ${key}`
  const complete = (status: number, body: string): Completion => ({
    ...claim,
    status,
    answer: keyring.seal({ status, body }, identity),
  })
  return {
    replay: found.state === 'answered' ? replayOf(open(keyring, found.answer!, identity)) : undefined,
    complete,
    finish: (status, body) => finishRequest(db.sql, complete(status, body)),
    release: () => letGo(parts, claim),
  }
}

/** An answer is kept for two days; a key that was rotated away may be gone before. */
function open(keyring: Keyring, sealed: Uint8Array, identity: string): unknown {
  try {
    return keyring.open(sealed, identity)
  } catch (error) {
    if (error instanceof UnknownKeyError) throw new ConflictError(unreadable, { cause: error })
    throw error
  }
}
const unreadable =
  'the request was answered before, and its answer cannot be read any more: look at what there is'

function replayOf(answer: unknown): Response {
  const { status, body } = answer as { status: number; body: string }
  return new Response(body, {
    status,
    headers: {
      'content-type': 'application/json',
      // It may hold what is shown once.
      'cache-control': 'no-store',
      'idempotency-replayed': 'true',
    },
  })
}

/**
 * What a body says, by which two of them are compared. The parts of a form are, however they are told apart: clients
 * choose another boundary each time. A form that cannot be read is compared as it is.
 */
export async function contentOf(body: ArrayBuffer, contentType: string | undefined): Promise<Uint8Array> {
  const bytes = new Uint8Array(body)
  if (!contentType?.startsWith('multipart/form-data')) return bytes
  const form = await readForm(bytes, contentType)
  if (form === undefined) return bytes
  const parts: Uint8Array[] = []
  for (const [name, value] of form) {
    const content = typeof value === 'string' ? Buffer.from(value) : new Uint8Array(await value.arrayBuffer())
    const about = [name, typeof value === 'string' ? null : [value.name, value.type], content.byteLength]
    parts.push(Buffer.from(JSON.stringify(about)), content)
  }
  return Buffer.concat(parts)
}

/** The id of the key, then the HMAC under it: a body may hold a password, and its hash alone would tell a weak one. */
function fingerprintOf(
  keyring: Keyring,
  { method, target, body }: { method: string; target: string; body: Uint8Array },
  keyId?: string,
): Buffer | undefined {
  const key = keyring.derive(purpose, keyId)
  if (key === undefined) return undefined
  const hmac = createHmac('sha256', key.secret).update(`${method} ${target}\0`).update(body).digest()
  return Buffer.concat([Buffer.from(key.keyId, 'hex'), hmac])
}

function matches(
  keyring: Keyring,
  request: { method: string; target: string; body: Uint8Array },
  stored: Uint8Array,
): boolean {
  const keyId = Buffer.from(stored.subarray(0, 8)).toString('hex')
  const own = fingerprintOf(keyring, request, keyId)
  if (own === undefined) throw new ConflictError(unreadable)
  return own.length === stored.length && timingSafeEqual(own, stored)
}
