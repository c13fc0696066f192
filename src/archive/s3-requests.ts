import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import type { ArchivePlace } from '../archive-place.ts'
import { ArchiveUnavailableError } from '../errors.ts'
import type { StoreParts } from './open-store.ts'
import { readFaultCode } from './s3-answers.ts'
import { isPassing, settingsFault } from './s3-faults.ts'

export type S3Place = Extract<ArchivePlace, { kind: 's3' }>

export interface S3Request {
  method: 'GET' | 'PUT' | 'DELETE'
  /** The whole key in the bucket; empty for the bucket itself. */
  key: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Uint8Array
}

export interface S3Answer {
  status: number
  headers: Headers
  body: Uint8Array
}

/** Tries of a request that meets faults which pass. */
const tries = 6
const firstDelay = 250
/** For all of a request and its answer, which is a few MB. */
const patience = 60_000

/**
 * Asks and reads the whole answer. An answer is given where it was successful, and where its code is one of `expected`;
 * faults that pass are tried again, doubling the wait, before they become an ArchiveUnavailableError; all others are an
 * ArchiveSettingsError. `isWhole`: what must be true of an answer that was not cut off.
 */
export type SendToS3 = (
  request: S3Request,
  expected?: { codes?: string[]; isWhole?: (answer: S3Answer) => boolean },
) => Promise<S3Answer & { code: string }>

export function createS3Sender(place: S3Place, shown: string, parts: StoreParts): SendToS3 {
  const { sleep, signal, random } = parts
  const keys = new Map<string, ArrayBuffer>()
  return async (request, { codes = [], isWhole } = {}) => {
    for (let failures = 1; ; failures++) {
      signal.throwIfAborted()
      const outcome = await attempt(place, request, keys, parts)
      if ('answer' in outcome) {
        const { answer } = outcome
        const good = answer.status >= 200 && answer.status < 300
        const code = good ? '' : readFaultCode(new TextDecoder().decode(answer.body))
        if (codes.includes(code) || (good && (isWhole?.(answer) ?? true))) return { ...answer, code }
        if (!good && !isPassing(answer.status, code)) throw settingsFault(shown, answer.status, code)
        outcome.reason = good
          ? 'its answer is not whole'
          : `HTTP ${answer.status}${code === '' ? '' : `, ${code}`}`
      }
      if (failures === tries) {
        throw new ArchiveUnavailableError(
          `the archive ${shown} cannot be reached now (${outcome.reason}, ${tries} times in a row): try again later`,
          'cause' in outcome ? { cause: outcome.cause } : {},
        )
      }
      const delay = firstDelay * 2 ** (failures - 1)
      await sleep(Math.round(delay / 2 + (delay / 2) * random()), signal)
    }
  }
}

type Outcome = { answer: S3Answer; reason?: string } | { cause: unknown; reason: string }

async function attempt(
  place: S3Place,
  request: S3Request,
  keys: Map<string, ArrayBuffer>,
  { fetch, clock, signal }: StoreParts,
): Promise<Outcome> {
  const { method, url, headers } = await sign(place, request, keys, clock())
  // What lies there is told by its bytes: nothing on the way is to pack it.
  headers.set('accept-encoding', 'identity')
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(request.body && { body: request.body as Uint8Array<ArrayBuffer> }),
      // Nothing that is signed goes to another place than the one that was named.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    })
    const body = new Uint8Array(await response.arrayBuffer())
    return { answer: { status: response.status, headers: response.headers, body } }
  } catch (cause) {
    signal.throwIfAborted()
    return { cause, reason: reasonOf(cause) }
  }
}

async function sign(
  place: S3Place,
  { method, key, query = {}, headers = {}, body }: S3Request,
  keys: Map<string, ArrayBuffer>,
  now: Date,
): Promise<{ method: string; url: URL; headers: Headers }> {
  const url = new URL(`${addressOf(place)}/${key}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const { accessKeyId, secretAccessKey, sessionToken, region } = place
  return new AwsV4Signer({
    method,
    url: url.href,
    headers: {
      ...headers,
      'x-amz-content-sha256': createHash('sha256')
        .update(body ?? '')
        .digest('hex'),
    },
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    service: 's3',
    region,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ''),
    cache: keys,
  }).sign()
}

/** Of the bucket. Certificates of Amazon's hold for a bucket without a dot in its name. */
function addressOf({ endpoint, bucket, region }: S3Place): string {
  if (endpoint !== undefined) return `${endpoint}/${bucket}`
  const host = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
  return bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`
}

/** The codes of the system and of HTTP say more than "fetch failed", which wraps them. */
function reasonOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each.name === 'TimeoutError') return 'no answer in time'
    const { code } = each as NodeJS.ErrnoException
    if (typeof code === 'string') return code
  }
  return 'the connection broke'
}
