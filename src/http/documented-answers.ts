import type { RouteSpec } from './define-route.ts'
import { type ProblemType, problemSchema, problemTypes } from './problem.ts'
import { everyHeader, headersOf, problemHeaders, type ResponseHeader } from './response-headers.ts'

/** What a route may be answered with, as `responses` of the document. */
export function answersOf(spec: RouteSpec) {
  return { ...successOf(spec), ...problemResponses(problemsOf(spec)), ...furtherResponses(spec) }
}

/** Of every route. */
const usual: ProblemType[] = [
  'invalid-request',
  'refused',
  'too-many-requests',
  'internal',
  'database-unavailable',
]
function problemsOf({ access, mayAuthenticate, params, body, content, idempotency, problems }: RouteSpec) {
  const takesBody = body !== undefined || content !== undefined
  const all: ProblemType[] = [
    ...usual,
    ...(access === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(mayAuthenticate ? (['unauthenticated'] as const) : []),
    ...(params ? (['not-found'] as const) : []),
    ...(takesBody || idempotency ? (['content-too-large'] as const) : []),
    ...(takesBody ? (['unsupported-media-type'] as const) : []),
    ...(idempotency ? (['request-in-flight', 'idempotency-key-reused'] as const) : []),
    ...(idempotency === 'needed' ? (['idempotency-key-missing'] as const) : []),
    ...(problems ?? []),
  ]
  return [...new Set(all)]
}

function successOf({ answer, idempotency, revalidated }: RouteSpec) {
  const names: ResponseHeader[] = [
    ...everyHeader,
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
    headers: headersOf([...everyHeader, 'Cache-Control', 'ETag', 'Vary']),
  }
  return { [answer.status]: success, ...(revalidated && { 304: same }) }
}

function furtherResponses({ further = [] }: RouteSpec) {
  return Object.fromEntries(
    further.map(({ status, description, schema }) => [
      status,
      {
        description,
        headers: headersOf([...everyHeader, 'Cache-Control']),
        content: { 'application/json': { schema } },
      },
    ]),
  )
}

function problemResponses(types: ProblemType[]) {
  const statuses = [...new Set(types.map((type) => problemTypes[type].status))]
  return Object.fromEntries(
    statuses.map((status) => {
      const names = types.filter((type) => problemTypes[type].status === status)
      return [
        status,
        {
          description: names.map((name) => `\`${name}\`: ${problemTypes[name].title}`).join('. '),
          headers: headersOf(problemHeaders(status)),
          content: { 'application/problem+json': { schema: problemSchema } },
        },
      ]
    }),
  )
}
