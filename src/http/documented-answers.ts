import type { RouteSpec } from './define-route.ts'
import { type ProblemType, problemSchema, problemTypes } from './problem.ts'
import { headersOf, type ResponseHeader } from './response-headers.ts'

/** What a route may be answered with, as `responses` of the document. */
export function answersOf(spec: RouteSpec) {
  return { ...successOf(spec), ...problemsOf(spec), ...furtherOf(spec) }
}

/** Whatever is answered. The operations' own routes are not counted, see admit() in api.ts. */
function everyHeader({ tag }: RouteSpec): ResponseHeader[] {
  return ['X-Request-Id', ...(tag === 'Operations' ? [] : (['RateLimit', 'RateLimit-Policy'] as const))]
}

function successOf(spec: RouteSpec) {
  const { answer, idempotency, revalidated } = spec
  const names: ResponseHeader[] = [
    ...everyHeader(spec),
    ...(answer.status === 204 ? [] : (['Cache-Control'] as const)),
    ...(idempotency ? (['Idempotency-Replayed'] as const) : []),
    ...(revalidated ? (['ETag', 'Vary'] as const) : []),
    ...(answer.headers ?? []),
  ]
  const success = {
    description: answer.description,
    headers: headersOf(names),
    ...(answer.schema && { content: { 'application/json': { schema: answer.schema } } }),
    ...(answer.type && { content: { [answer.type]: { schema: { type: 'string' } }, ...answer.also } }),
  }
  const same = {
    description: 'It is still what `If-None-Match` names.',
    headers: headersOf([...everyHeader(spec), 'Cache-Control', 'ETag', 'Vary']),
  }
  return { [answer.status]: success, ...(revalidated && { 304: same }) }
}

function furtherOf(spec: RouteSpec) {
  const { further = [] } = spec
  const headers = headersOf([...everyHeader(spec), 'Cache-Control'])
  return Object.fromEntries(
    further.map(({ status, description, schema }) => [
      status,
      { description, headers, content: { 'application/json': { schema } } },
    ]),
  )
}

function problemsOf(spec: RouteSpec) {
  const types = problemTypesOf(spec)
  const statuses = [...new Set(types.map((type) => problemTypes[type].status))]
  return Object.fromEntries(
    statuses.map((status) => {
      const names = types.filter((type) => problemTypes[type].status === status)
      const headers: ResponseHeader[] = [
        ...everyHeader(spec),
        'Cache-Control',
        ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
        ...(status === 429 || status === 503 ? (['Retry-After'] as const) : []),
      ]
      return [
        status,
        {
          description: names.map((name) => `\`${name}\`: ${problemTypes[name].title}`).join('. '),
          headers: headersOf(headers),
          content: { 'application/problem+json': { schema: problemSchema } },
        },
      ]
    }),
  )
}

function problemTypesOf(spec: RouteSpec): ProblemType[] {
  const { access, mayAuthenticate, idempotency, problems } = spec
  const takesBody = spec.body !== undefined || spec.content !== undefined
  const all: ProblemType[] = [
    'invalid-request',
    'refused',
    'internal',
    'database-unavailable',
    ...(spec.tag === 'Operations' ? [] : (['too-many-requests'] as const)),
    ...(access === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(mayAuthenticate ? (['unauthenticated'] as const) : []),
    ...(spec.params ? (['not-found'] as const) : []),
    ...(takesBody || idempotency ? (['content-too-large'] as const) : []),
    ...(takesBody ? (['unsupported-media-type'] as const) : []),
    ...(idempotency ? (['request-in-flight', 'idempotency-key-reused'] as const) : []),
    ...(idempotency === 'needed' ? (['idempotency-key-missing'] as const) : []),
    ...(problems ?? []),
  ]
  return [...new Set(all)]
}
