import { expect } from 'vitest'
import type { TestApp } from './http.ts'

/** A JSON schema, its references resolved where it is read. */
export interface Schema {
  type?: string | string[]
  format?: string
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  $ref?: string
}

/** An operation of the OpenAPI document. */
export interface Operation {
  id: string
  method: string
  path: string
  summary: string
  tags: string[]
  parameters: { name: string; in: string; required?: boolean; schema: Schema }[]
  /** Of a JSON body. */
  body: Schema | undefined
  /** Undefined where it is open to everybody. */
  scopes: string[] | undefined
  idempotency: 'needed' | 'heeded' | undefined
  /** Empty where it takes no token. */
  security: Record<string, string[]>[]
  responses: Record<string, Answer>
}

interface Answer {
  description: string
  headers?: Record<string, { $ref: string }>
  content?: Record<string, { schema: Schema }>
}

// biome-ignore lint/suspicious/noExplicitAny: a document as it is served
export async function readDocument(app: TestApp['app']): Promise<any> {
  return (await app.request('/openapi.json')).json()
}

/** Every operation that the application says it has. */
export async function readOperations(app: TestApp['app']): Promise<Operation[]> {
  const document = await readDocument(app)
  const resolve = (schema: Schema | undefined): Schema | undefined =>
    schema?.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1)!]) : schema
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    Object.entries(methods as Record<string, any>).map(([method, operation]) => ({
      id: operation.operationId,
      method,
      path,
      summary: operation.summary,
      tags: operation.tags,
      parameters: operation.parameters ?? [],
      body: resolve(operation.requestBody?.content['application/json']?.schema),
      scopes: operation['x-scopes'],
      idempotency: operation['x-idempotency'],
      security: operation.security,
      responses: operation.responses,
    })),
  )
}

/** That an answer has a status, a content and headers that the document gives to its operation. */
export function expectDocumented(
  // biome-ignore lint/suspicious/noExplicitAny: as above
  document: any,
  { id, responses }: Operation,
  { status, headers }: { status: number; headers: Headers },
): void {
  const answer = responses[status]
  if (!answer) throw new Error(`the document says nothing of ${id} answering ${status}`)
  const type = headers.get('content-type')?.split(';')[0]
  if (type === undefined) expect(answer.content, `${id} ${status}`).toBeUndefined()
  else expect(Object.keys(answer.content ?? {}), `${id} ${status}`).toContain(type)
  for (const name of Object.keys(document.components.headers)) {
    const documented = answer.headers?.[name] !== undefined
    const given = headers.has(name)
    const needed = documented && document.components.headers[name].required === true
    if (needed) expect(given, `${id} ${status} has ${name}`).toBe(true)
    if (given) expect(documented, `the document tells of ${name} of ${id} ${status}`).toBe(true)
  }
}
