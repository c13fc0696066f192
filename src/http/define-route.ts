import { createRoute, type RouteConfig, type z } from '@hono/zod-openapi'
import type { Scope } from './caller.ts'
import { type ProblemType, problemSchema, problemTypes } from './problem.ts'

/** Who may call: everybody, or who has one of the scopes. */
export type Access = 'public' | Scope[]

type Shape = z.ZodType | undefined
/** Further types of a successful answer. */
type FurtherContent = Record<string, { schema: z.ZodType }>
type ContentShape = Record<string, { schema: z.ZodType | { type: 'string'; format: 'binary' } }> | undefined

export interface RouteSpec<
  Params extends Shape = Shape,
  Query extends Shape = Shape,
  Body extends Shape = Shape,
  Answer extends Shape = Shape,
  Type extends string | undefined = string | undefined,
  Content extends ContentShape = ContentShape,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As in OpenAPI: `/v1/accounts/{id}`. */
  path: string
  /** Names the operation in the document and in the client. */
  id: string
  tag: string
  summary: string
  description?: string
  access: Access
  params?: Params
  /** Strict objects: unknown fields are refused. */
  query?: Query
  body?: Body
  /** The one way in which it succeeds. Without a schema: no content, or `type`. */
  answer: {
    status: 200 | 201 | 202 | 204
    description: string
    schema?: Answer
    type?: Type
    also?: FurtherContent
  }
  /** Beyond those that every route may have. */
  problems?: ProblemType[]
  /**
   * Of a POST that creates: where two equal requests may be meant as two, the key is needed; elsewhere it is heeded
   * where it is given.
   */
  idempotency?: 'needed' | 'heeded'
  /** How many of them one process works on at once; more are told that it is busy. Without it, any number. */
  mostAtOnce?: number
  /** Of the request's body, in bytes; 64 KiB unless told. */
  largestBody?: number
  /** Bodies that are not JSON: what they are, for the document. */
  content?: Content
}

/** A route as it is served, described in the document, and called by the client. */
export interface Route<
  Params extends Shape = Shape,
  Query extends Shape = Shape,
  Body extends Shape = Shape,
  Answer extends Shape = Shape,
  Type extends string | undefined = string | undefined,
  Content extends ContentShape = ContentShape,
> extends RouteSpec<Params, Query, Body, Answer, Type, Content> {
  config: RouteConfig
}

const usual: ProblemType[] = ['invalid-request', 'too-many-requests', 'internal', 'database-unavailable']

export function defineRoute<
  Params extends Shape = undefined,
  Query extends Shape = undefined,
  Body extends Shape = undefined,
  Answer extends Shape = undefined,
  const Type extends string | undefined = undefined,
  Content extends ContentShape = undefined,
>(
  spec: RouteSpec<Params, Query, Body, Answer, Type, Content>,
): Route<Params, Query, Body, Answer, Type, Content> {
  const { method, path, id, tag, summary, description, access, params, query, body, answer, idempotency } =
    spec
  const problems: ProblemType[] = [
    ...usual,
    ...(access === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(params ? (['not-found'] as const) : []),
    ...(body || spec.content ? (['content-too-large', 'unsupported-media-type'] as const) : []),
    ...(idempotency ? (['request-in-flight', 'idempotency-key-reused'] as const) : []),
    ...(spec.problems ?? []),
  ]
  const content = spec.content ?? (body && { 'application/json': { schema: body } })
  const config = createRoute({
    method,
    path,
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: access === 'public' ? [] : [{ bearer: [] }],
    ...(access !== 'public' && { 'x-scopes': access }),
    ...(idempotency && { 'x-idempotency': idempotency, parameters: [idempotencyParameter(idempotency)] }),
    request: {
      ...(params && { params: params as unknown as z.ZodObject }),
      ...(query && { query: query as unknown as z.ZodObject }),
      ...(content && { body: { required: true, content: content as never } }),
    },
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(answer.schema && { content: { 'application/json': { schema: answer.schema } } }),
        ...(answer.type && { content: { [answer.type]: { schema: { type: 'string' } }, ...answer.also } }),
      },
      ...problemResponses(problems),
    },
  } as RouteConfig)
  return { ...spec, config }
}

function idempotencyParameter(idempotency: 'needed' | 'heeded') {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required: idempotency === 'needed',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    description: 'Sent again with the same key, the request has its effect once, and the same answer.',
  }
}

function problemResponses(types: ProblemType[]) {
  const statuses = [...new Set(types.map((type) => problemTypes[type].status))]
  return Object.fromEntries(
    statuses.map((status) => {
      const names = [...new Set(types)].filter((type) => problemTypes[type].status === status)
      return [
        status,
        {
          description: names.map((name) => `\`${name}\`: ${problemTypes[name].title}`).join('. '),
          content: { 'application/problem+json': { schema: problemSchema } },
        },
      ]
    }),
  )
}
