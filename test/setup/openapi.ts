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
  parameters: { name: string; in: string; required?: boolean; schema: Schema }[]
  /** Of a JSON body. */
  body: Schema | undefined
  /** Undefined where it is open to everybody. */
  scopes: string[] | undefined
  idempotency: 'needed' | 'heeded' | undefined
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
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
      parameters: operation.parameters ?? [],
      body: resolve(operation.requestBody?.content['application/json']?.schema),
      scopes: operation['x-scopes'],
      idempotency: operation['x-idempotency'],
      responses: operation.responses,
    })),
  )
}
