import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context as HonoContext } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { type Callers, createCallers } from '../db/callers.ts'
import type { Completion } from '../db/idempotency.ts'
import { markSeen } from '../db/users.ts'
import { ForbiddenError, RefusedError } from '../errors.ts'
import { type AccessTokens, createAccessTokens } from './access-token.ts'
import { type Answers, createAnswers } from './answers.ts'
import { authenticate, authorize } from './authenticate.ts'
import type { Caller, ServiceCaller, UserCaller } from './caller.ts'
import type { Route } from './define-route.ts'
import { claimIdempotently, contentOf, type IdempotentRequest, readIdempotencyKey } from './idempotency.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { InvalidRequestError } from './on-error.ts'
import type { HttpParts } from './parts.ts'
import { createPlaces } from './places.ts'
import { plainFault } from './plain-faults.ts'
import type { FieldFault } from './problem.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import { rememberVerified } from './verified-tokens.ts'

/** What is known of a request beside what it asks for. */
export interface RequestVariables {
  Variables: {
    requestId: string
    caller: Caller | undefined
    /** Of the peer, or of whom the last trusted proxy was asked by. */
    address: string
    /** To be sent with whatever is answered. */
    headers: Record<string, string>
    /** Its template; undefined where none of the API was met. */
    route: string | undefined
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a route without that part
type Read<Schema> = Schema extends z.ZodType<infer Output, any> ? Output : undefined

/** A request to a route, valid in every field, by a caller who may make it. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  params: Params
  query: Query
  body: Body
  /** The person who asks; throws a ForbiddenError where it is a service. */
  user: UserCaller
  /** Undefined where the route is public. */
  caller: Caller | undefined
  service: ServiceCaller | undefined
  address: string
  requestId: string
  request: Request
  /** Of an aborted request nobody reads the answer. */
  signal: AbortSignal
  headers: Record<string, string>
  /** What the answer will be, for the statement that has the request's effect; undefined without Idempotency-Key. */
  complete(answer: unknown): Completion | undefined
  bytes(): Promise<Uint8Array<ArrayBuffer>>
  now: Date
}

export interface Api {
  parts: HttpParts
  app: OpenAPIHono<RequestVariables>
  callers: Callers
  tokens: AccessTokens
  answers: Answers
  metrics: Metrics
  routes: Route[]
  /** Serves a route: the handler gives what its answer's schema describes, nothing for 204, or a Response of its own. */
  serve<
    Params extends z.ZodType | undefined,
    Query extends z.ZodType | undefined,
    Body extends z.ZodType | undefined,
    Answer extends z.ZodType | undefined,
  >(
    // biome-ignore lint/suspicious/noExplicitAny: what the document alone tells
    route: Route<Params, Query, Body, Answer, any, any>,
    handle: (
      call: Call<Read<Params>, Read<Query>, Read<Body>>,
    ) => Promise<(Answer extends z.ZodType ? z.input<Answer> : undefined) | Response | undefined>,
  ): void
}

const largestBody = 64 * 1024

export function createApi(parts: HttpParts): Api {
  const app = new OpenAPIHono<RequestVariables>({
    defaultHook: (result) => {
      if (!result.success) throw new InvalidRequestError(faultsOf(result.error, result.target))
    },
  })
  z.config({ customError: plainFault })
  const callers = createCallers(parts.db.sql, parts.clock)
  const tokens = rememberVerified(createAccessTokens(parts), parts.clock)
  const limit = createRateLimit(parts.requestsPerMinute)
  const metrics = createMetrics(parts)
  const routes: Route[] = []
  const seen = createSeen(parts)

  return {
    parts,
    app,
    callers,
    tokens,
    answers: createAnswers(parts, metrics.countRead),
    metrics,
    routes,
    serve(route, handle) {
      routes.push(route as Route)
      const places = createPlaces(route.mostAtOnce)
      app.openapi(
        {
          ...route.config,
          middleware: [
            async (c: HonoContext<RequestVariables>, next: () => Promise<void>) => {
              c.set('route', route.path)
              await admit(c, route as Route, { callers, tokens, limit, seen })
              refuseEncoded(c.req.header('content-encoding'))
              await places(c.get('caller')?.subject ?? c.get('address'), next)
            },
            ...(takesBody(route as Route) ? [limitBody(route.largestBody ?? largestBody)] : []),
          ],
        } as never,
        (async (c: HonoContext<RequestVariables>) => {
          const idempotent = await claim(c, route as Route, parts)
          if (idempotent?.replay) return idempotent.replay
          let completed = false
          const call = callOf(c, parts, (answer) => {
            completed = idempotent !== undefined
            return idempotent?.complete(route.answer.status, JSON.stringify(answer))
          })
          try {
            const answer = await handle(call as never)
            if (answer instanceof Response) return answer
            if (answer === undefined) return new Response(null, { status: route.answer.status })
            const body = JSON.stringify(answer)
            if (idempotent && !completed) await idempotent.finish(route.answer.status, body)
            return new Response(body, {
              status: route.answer.status,
              headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
            })
          } catch (error) {
            await idempotent?.release()
            throw error
          }
        }) as never,
      )
    },
  }
}

type Seen = (caller: UserCaller) => void

/** Keeps when a user last looked: the sources of those who do are synced more often. No answer waits for it. */
function createSeen({ db, clock, log }: Pick<HttpParts, 'db' | 'clock' | 'log'>): Seen {
  return ({ userId, lastSeenAt }) => {
    const now = clock()
    if (lastSeenAt !== null && now.getTime() - lastSeenAt.getTime() < 3_600_000) return
    markSeen(db, userId, now).catch((error: unknown) =>
      log.warn({ err: error }, 'a visit could not be noted'),
    )
  }
}

/** A body that was compressed would be read as it stands. */
function refuseEncoded(encoding: string | undefined): void {
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new HTTPException(415, { message: 'send the content as it is, without Content-Encoding' })
}

function takesBody({ body, content, idempotency }: Route): boolean {
  return body !== undefined || content !== undefined || idempotency !== undefined
}

function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new HTTPException(413, { message: `at most ${maxSize} bytes are taken` })
    },
  })
}

/** Lets in who may call the route, and counts the call. */
async function admit(
  c: HonoContext<RequestVariables>,
  route: Route,
  { callers, tokens, limit, seen }: { callers: Callers; tokens: AccessTokens; limit: RateLimit; seen: Seen },
): Promise<void> {
  // Those who watch the process must not be refused because somebody else at their address asks too much.
  if (route.tag === 'Operations') return
  const byAddress = () => limit.take(`address ${c.get('address')}`, c.get('headers'))
  if (route.access === 'public') return byAddress()
  let caller: Caller
  try {
    caller = await authenticate({ callers, tokens }, c.req.header('authorization'))
  } catch (error) {
    await byAddress()
    throw error
  }
  c.set('caller', caller)
  await limit.take(caller.countedAs, c.get('headers'))
  authorize(caller, route.access)
  if (caller.kind === 'user') seen(caller)
}

async function claim(
  c: HonoContext<RequestVariables>,
  route: Route,
  parts: HttpParts,
): Promise<IdempotentRequest | undefined> {
  if (!route.idempotency) return undefined
  const key = readIdempotencyKey(c.req.header('idempotency-key'))
  if (key === undefined) {
    if (route.idempotency === 'heeded') return undefined
    throw new KeyMissingError('send a header Idempotency-Key with a value of your own, such as a UUID')
  }
  const { pathname, search } = new URL(c.req.url)
  return claimIdempotently(parts, c.get('caller')?.subject ?? 'anonymous', key, {
    method: route.method,
    target: pathname + search,
    body: await contentOf(await c.req.arrayBuffer(), c.req.header('content-type')),
  })
}

class KeyMissingError extends RefusedError {
  override readonly code = 'idempotency-key-missing'
}

function callOf(
  c: HonoContext<RequestVariables>,
  parts: HttpParts,
  complete: Call['complete'],
): Call<unknown, unknown, unknown> {
  const caller = c.get('caller')
  return {
    params: c.req.valid('param' as never),
    query: c.req.valid('query' as never),
    body: c.req.valid('json' as never),
    get user() {
      if (caller?.kind !== 'user') throw new ForbiddenError('this is for users, not for services')
      return caller
    },
    caller,
    service: caller?.kind === 'service' ? caller : undefined,
    address: c.get('address'),
    requestId: c.get('requestId'),
    request: c.req.raw,
    get signal() {
      return AbortSignal.any([c.req.raw.signal, parts.signal])
    },
    headers: c.get('headers'),
    complete,
    bytes: async () => new Uint8Array(await c.req.arrayBuffer()),
    now: parts.clock(),
  }
}

/** The field's name as it stands in the request, and a sentence. What was given is not repeated. */
function faultsOf(error: { issues: readonly z.core.$ZodIssue[] }, target: string): FieldFault[] {
  return error.issues.slice(0, 20).flatMap((issue) => {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys')
      return issue.keys
        .slice(0, 20)
        .map((key) => ({ field: [...path, key.slice(0, 100)].join('.'), message: 'is not known here' }))
    const field = path.join('.') || (target === 'json' ? 'body' : target)
    return [{ field, message: issue.message }]
  })
}
