import { createRoute, type RouteConfig, z } from '@hono/zod-openapi'
import type { Scope } from './caller.ts'
import { answersOf } from './documented-answers.ts'
import type { ProblemType } from './problem.ts'
import type { ResponseHeader } from './response-headers.ts'

// Where routes are defined, so that none is validated without it.

/** Who may call: everybody, or who has one of the scopes. */
export type Access = 'public' | Scope[]

type Shape = z.ZodType | undefined
/** Further types of a successful answer. */
type FurtherContent = Record<string, { schema: z.ZodType }>
/** Where two equal requests may be meant as two, the key is needed; elsewhere it is heeded where it is given. */
type Idempotency = 'needed' | 'heeded'
type ContentShape = Record<string, { schema: z.ZodType | { type: 'string'; format: 'binary' } }> | undefined

export interface RouteSpec<
  Params extends Shape = Shape,
  Query extends Shape = Shape,
  Body extends Shape = Shape,
  Answer extends Shape = Shape,
  Type extends string | undefined = string | undefined,
  Content extends ContentShape = ContentShape,
  Key extends Idempotency | undefined = Idempotency | undefined,
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
  /** Of a public route: who shows a token is made out by it. */
  mayAuthenticate?: true
  params?: Params
  /** A strict object: unknown fields are refused. Without it, every field is unknown. */
  query?: Query
  /** Whatever stands in the query is let through: the caller writes it as it likes. */
  anyQuery?: true
  body?: Body
  /** The one way in which it succeeds. Without a schema: no content, or `type`. */
  answer: {
    status: 200 | 201 | 202 | 204
    description: string
    schema?: Answer
    type?: Type
    also?: FurtherContent
    /** Beyond those that its kind of route has. */
    headers?: ResponseHeader[]
  }
  /** Answers that are neither the success nor a problem. */
  further?: { status: number; description: string; schema: z.ZodType }[]
  /** Answered by answers.send: where the range lies in the past, with an ETag, and 304 to who knows it. */
  revalidated?: true
  /** Beyond those that every route may have. */
  problems?: ProblemType[]
  /** Of a POST that creates. */
  idempotency?: Key
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
  Key extends Idempotency | undefined = Idempotency | undefined,
> extends RouteSpec<Params, Query, Body, Answer, Type, Content, Key> {
  config: RouteConfig
}

const noQuery = z.strictObject({})

export function defineRoute<
  Params extends Shape = undefined,
  Query extends Shape = undefined,
  Body extends Shape = undefined,
  Answer extends Shape = undefined,
  const Type extends string | undefined = undefined,
  Content extends ContentShape = undefined,
  Key extends Idempotency | undefined = undefined,
>(
  spec: RouteSpec<Params, Query, Body, Answer, Type, Content, Key>,
): Route<Params, Query, Body, Answer, Type, Content, Key> {
  const { method, path, id, tag, summary, description, access, params, query, body, idempotency } = spec
  const content = spec.content ?? (body && { 'application/json': { schema: body } })
  const parameters = [
    ...(idempotency ? [idempotencyParameter(idempotency)] : []),
    ...(spec.revalidated ? [revalidationParameter] : []),
  ]
  const config = createRoute({
    method,
    path,
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: [
      ...(spec.mayAuthenticate ? [{}] : []),
      ...(access !== 'public' || spec.mayAuthenticate ? [{ bearer: [] }] : []),
    ],
    ...(access !== 'public' && { 'x-scopes': access }),
    ...(idempotency && { 'x-idempotency': idempotency }),
    ...(parameters.length > 0 && { parameters }),
    request: {
      ...(params && { params: params as unknown as z.ZodObject }),
      ...(!spec.anyQuery && { query: (query ?? noQuery) as unknown as z.ZodObject }),
      ...(content && { body: { required: true, content: content as never } }),
    },
    responses: answersOf(spec as RouteSpec),
  } as RouteConfig)
  return { ...spec, config }
}

const revalidationParameter = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  schema: { type: 'string' },
  description: 'The ETag of an answer that is known already.',
}

function idempotencyParameter(idempotency: Idempotency) {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required: idempotency === 'needed',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]+$', minLength: 1, maxLength: 255 },
    description: 'Sent again with the same key, the request has its effect once, and the same answer.',
  }
}
