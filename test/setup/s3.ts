import { createHash } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { afterAll } from 'vitest'
import { createFaults, type Faults } from '../../src/connectors/emulator/faults.ts'
import { listen } from '../../src/connectors/emulator/listen.ts'
import { readAuthorization, signatureOf } from './s3-signature.ts'

export interface S3Account {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

/**
 * What is wrong with the body of an answer to GET: it ends in the middle, with the connection; it is shorter than its
 * length says, and the connection ends; it is half, and so is the length that it says.
 */
export type BodyFault = 'cut' | 'too-long' | 'half'

export interface S3Emulator {
  app: Hono<{ Bindings: HttpBindings }>
  /** By bucket, by key. */
  buckets: Map<string, Map<string, Uint8Array>>
  account: S3Account
  region: string
  /** Statuses and broken connections. */
  faults: Faults
  /** The next answer to GET has it. */
  breakBody(fault: BodyFault): void
  /** Method, path and range of every request that arrived, and the bytes that it was answered with. */
  requests: { method: string; target: string; range: string | undefined; bytes: number }[]
}

interface S3Options {
  buckets: string[]
  account: S3Account
  region?: string
  /** Keys of a page of a list. */
  pageSize?: number
  clock?: () => Date
  /** False: GET gives the whole object whatever range is asked for, as HTTP allows. */
  knowsRanges?: boolean
}

/** An S3 store in memory, with path-style addresses. It takes signed bodies alone. */
export function createS3Emulator({
  buckets: names,
  account,
  region = 'eu-central-1',
  pageSize = 1_000,
  clock = () => new Date(),
  knowsRanges = true,
}: S3Options): S3Emulator {
  const buckets = new Map(names.map((name) => [name, new Map<string, Uint8Array>()]))
  const faults = createFaults()
  const requests: S3Emulator['requests'] = []
  const broken: BodyFault[] = []
  const emulator: S3Emulator = {
    app: new Hono(),
    buckets,
    account,
    region,
    faults,
    breakBody: (fault) => void broken.push(fault),
    requests,
  }

  emulator.app.use(async (context, next) => {
    const { method, url } = context.env.incoming
    const entry = { method: method!, target: url!, range: context.req.header('range'), bytes: 0 }
    requests.push(entry)
    await next()
    entry.bytes = Number(context.res.headers.get('content-length') ?? 0)
  })
  emulator.app.use(faults.middleware)

  emulator.app.all('*', async (context) => {
    const body = new Uint8Array(await context.req.arrayBuffer())
    const refusal = refuse(context, body, emulator, clock())
    if (refusal) return fault(context, ...refusal)
    const { pathname } = new URL(context.req.url)
    const [, bucket = '', ...segments] = pathname.split('/').map(decodeURIComponent)
    const key = segments.join('/')
    const objects = buckets.get(bucket)
    if (!objects) return fault(context, 404, 'NoSuchBucket')
    const stored = objects.get(key)
    switch (context.req.method) {
      case 'PUT':
        objects.set(key, body)
        return context.body(null, 200, { etag: `"${createHash('md5').update(body).digest('hex')}"` })
      case 'DELETE':
        objects.delete(key)
        return context.body(null, 204)
      case 'HEAD': // the server leaves out the body
      case 'GET':
        if (key === '') return list(context, objects, pageSize, broken.shift())
        if (!stored) return fault(context, 404, 'NoSuchKey')
        return give(context, stored, knowsRanges, broken.shift())
      default:
        return fault(context, 405, 'MethodNotAllowed')
    }
  })
  return emulator
}

const closes: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closes) await close()
})

/** Over HTTP on loopback, until the file's tests have ended; gives its address. */
export async function serveS3(emulator: S3Emulator): Promise<string> {
  const served = await listen(emulator.app as unknown as Hono)
  closes.push(served.close)
  return served.url
}

type Refusal = [status: number, code: string]

function refuse(
  context: Context,
  body: Uint8Array,
  { account, region }: S3Emulator,
  now: Date,
): Refusal | undefined {
  const { method, url } = (context.env as HttpBindings).incoming
  const headers = context.req.header()
  const said = readAuthorization(headers.authorization)
  if (!said) return [403, 'AccessDenied']
  if (said.region !== region || said.service !== 's3') return [400, 'AuthorizationHeaderMalformed']
  if (said.accessKeyId !== account.accessKeyId) return [403, 'InvalidAccessKeyId']
  if (headers['x-amz-security-token'] !== account.sessionToken) return [400, 'InvalidToken']
  const stamp = headers['x-amz-date'] ?? ''
  const at = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(at - now.getTime()) <= 15 * 60_000) || !stamp.startsWith(said.day))
    return [403, 'RequestTimeTooSkewed']
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  if (!needed.every((name) => said.signedHeaders.includes(name))) return [403, 'AccessDenied']
  const right = signatureOf({ method: method!, target: url!, headers }, said, account.secretAccessKey)
  if (right !== said.signature) return [403, 'SignatureDoesNotMatch']
  const hash = createHash('sha256').update(body).digest('hex')
  return headers['x-amz-content-sha256'] === hash ? undefined : [400, 'XAmzContentSHA256Mismatch']
}

function give(context: Context, stored: Uint8Array, knowsRanges: boolean, wrong: BodyFault | undefined) {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(context.req.header('range') ?? '') ?? []
  if (from === undefined || !knowsRanges) return answer(context, 200, stored, {}, wrong)
  const start = Number(from)
  if (start >= stored.length) return fault(context, 416, 'InvalidRange')
  const part = stored.subarray(start, Number(to) + 1)
  const range = `bytes ${start}-${start + part.length - 1}/${stored.length}`
  return answer(context, 206, part, { 'content-range': range }, wrong)
}

function answer(
  context: Context,
  status: 200 | 206,
  body: Uint8Array,
  headers: Record<string, string>,
  wrong: BodyFault | undefined,
): Response {
  const half = body.slice(0, Math.floor(body.length / 2))
  if (wrong === 'half')
    return context.body(half, status, { ...headers, 'content-length': String(half.length) })
  if (wrong === undefined)
    return context.body(body.slice(), status, { ...headers, 'content-length': String(body.length) })
  const { outgoing } = context.env as HttpBindings
  const length = wrong === 'cut' ? body.length : body.length + 10
  outgoing.writeHead(status, { ...headers, 'content-length': length })
  outgoing.write(wrong === 'cut' ? half : body, () => outgoing.destroy())
  return RESPONSE_ALREADY_SENT
}

function list(
  context: Context,
  objects: Map<string, Uint8Array>,
  pageSize: number,
  wrong: BodyFault | undefined,
): Response {
  const query = context.req.query()
  if (query['list-type'] !== '2') return fault(context, 400, 'InvalidArgument')
  const encode = query['encoding-type'] === 'url' ? encodeURIComponent : (text: string) => text
  const after = Buffer.from(query['continuation-token'] ?? '', 'base64').toString()
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.prefix ?? '') && key > after).sort()
  const page = keys.slice(0, Math.min(pageSize, Number(query['max-keys'] ?? 1_000)))
  const truncated = keys.length > page.length
  const token = Buffer.from(page.at(-1) ?? '').toString('base64')
  const xml = [
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    `<IsTruncated>${truncated}</IsTruncated><KeyCount>${page.length}</KeyCount>`,
    query['encoding-type'] === 'url' ? '<EncodingType>url</EncodingType>' : '',
    truncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : '',
    ...page.map(
      (key) =>
        `<Contents><Key>${encode(key).replaceAll('&', '&amp;')}</Key><Size>${objects.get(key)!.length}</Size></Contents>`,
    ),
    '</ListBucketResult>',
  ].join('')
  return answer(context, 200, Buffer.from(xml), { 'content-type': 'application/xml' }, wrong)
}

/** It tells what it signed, as S3 does: that must not go further. */
function fault(context: Context, status: number, code: string): Response {
  const signed = context.req.header('authorization') ?? ''
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Told by the emulator: ${signed}</Message></Error>`
  return context.body(xml, status as 400, { 'content-type': 'application/xml' })
}
