import type { z } from 'zod'
import type { Routes } from '../http/routes.ts'
import { operations } from './operations.ts'
import { ApiProblem } from './problem.ts'

export { ApiProblem }

type BodyInit = NonNullable<RequestInit['body']>

/** What a call takes and gives, by the schemas with which the server validates. */
type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : never
type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : never
/** What stands in a query is text, and may be given as what it is read as: `limit: 10`, `skipBad: true`. */
type QueryInput<Schema> = Schema extends z.ZodType
  ? { [Field in keyof z.input<Schema>]: z.input<Schema>[Field] | Member<z.output<Schema>, Field> }
  : never
type Member<T, Field> = Field extends keyof T ? T[Field] : never
type Optional<Part> = Partial<Part> extends Part ? true : false

type Part<Name extends string, Given> = [Given] extends [never]
  ? unknown
  : Optional<Given> extends true
    ? { [Key in Name]?: Given }
    : { [Key in Name]: Given }

/** Sent again with the same key, the request has its effect once, and the same answer. */
type KeyPart<Idempotency> = [Idempotency] extends [never]
  ? unknown
  : Idempotency extends 'needed'
    ? { idempotencyKey: string }
    : { idempotencyKey?: string }

type AnyRoute = Routes[keyof Routes]

type Call<R extends AnyRoute> = Part<'params', Input<NonNullable<R['params']>>> &
  Part<'query', QueryInput<NonNullable<R['query']>>> &
  (NonNullable<R['content']> extends never
    ? Part<'body', Input<NonNullable<R['body']>>>
    : { body: BodyInit; contentType?: string }) &
  KeyPart<NonNullable<R['idempotency']>> & { signal?: AbortSignal }

/** What the schema of the answer says; nothing for 204; the Response itself where the answer is not JSON. */
type Answer<R extends AnyRoute> =
  NonNullable<R['answer']['schema']> extends never
    ? NonNullable<R['answer']['type']> extends never
      ? undefined
      : Response
    : Output<NonNullable<R['answer']['schema']>>

export type Client = {
  [Id in keyof Routes]: Optional<Call<Routes[Id]>> extends true
    ? (call?: Call<Routes[Id]>) => Promise<Answer<Routes[Id]>>
    : (call: Call<Routes[Id]>) => Promise<Answer<Routes[Id]>>
}

export interface ClientOptions {
  /** Where `tidemark serve` is reached, e.g. `http://127.0.0.1:8080`. */
  baseUrl: string
  /** The access token or API key to show; asked for before each request. */
  token?: () => string | undefined | Promise<string | undefined>
  fetch?: (url: string, init: RequestInit) => Response | Promise<Response>
}

/** Whose answers are not read here: a file, and the metrics. */
const asIs = new Set([operations.exportTransactions, operations.getMetrics])

interface AnyCall {
  params?: Record<string, string>
  query?: Record<string, unknown>
  body?: unknown
  contentType?: string
  idempotencyKey?: string
  signal?: AbortSignal
}

/**
 * The API as functions, one an operation of the OpenAPI document, under its operationId. A refusal is thrown as an
 * ApiProblem; what fetch throws passes.
 */
export function createClient({ baseUrl, token, fetch = globalThis.fetch }: ClientOptions): Client {
  async function send(operation: string, call: AnyCall = {}): Promise<unknown> {
    const [method = 'GET', template = ''] = operation.split(' ')
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => segmentOf(name, call.params?.[name]))
    const url = new URL(baseUrl.replace(/\/+$/, '') + path)
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value))
    const bearer = await token?.()
    const isJson = call.body !== undefined && call.contentType === undefined && isPlain(call.body)
    const contentType = isJson ? 'application/json' : call.contentType
    const response = await fetch(url.href, {
      method,
      headers: {
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(call.idempotencyKey !== undefined && { 'idempotency-key': call.idempotencyKey }),
      },
      ...(call.body !== undefined && { body: isJson ? JSON.stringify(call.body) : (call.body as BodyInit) }),
      ...(call.signal && { signal: call.signal }),
    })
    if (!response.ok) throw await ApiProblem.of(response)
    if (response.status === 204) return undefined
    if (asIs.has(operation)) return response
    // What is no JSON was answered by something in between.
    return response.json().catch(() => {
      throw new ApiProblem(502, { title: 'The answer is not the server’s own' }, undefined)
    })
  }
  const entries = Object.entries(operations).map(([id, operation]) => [
    id,
    (call?: AnyCall) => send(operation, call),
  ])
  return Object.fromEntries(entries) as Client
}

/** Throws a TypeError for what no address can hold: dots alone lead to another path, however they are written. */
function segmentOf(name: string, value = ''): string {
  if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} must not be "${value}"`)
  return encodeURIComponent(value)
}

function isPlain(body: unknown): boolean {
  return (
    typeof body === 'object' &&
    body !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(body))
  )
}
