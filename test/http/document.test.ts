import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { apiKey } from '../setup/api-key.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { expectDocumented, type Operation, readDocument, readOperations } from '../setup/openapi.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

/** That the OpenAPI document is whole, and true of what is answered. See matrix.test.ts for each operation's answers. */

let db: TestDatabase
let http: TestApp
let operations: Operation[]
// biome-ignore lint/suspicious/noExplicitAny: a document as it is served
let document: any
let token: string
let transactionId: string
let sourceId: string

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
  operations = await readOperations(http.app)
  document = await readDocument(http.app)
  const person = await newPerson(db)
  sourceId = person.sourceId
  token = await http.tokenFor(person.user.id)
  await ingest(db, sourceId, [row('1', '2024-05-03', '100')])
  const [transaction] = await db.sql`SELECT id FROM transaction WHERE user_id = ${person.user.id}`
  transactionId = transaction!.id
})

/** Every object and list within a document. */
function* partsOf(part: unknown): Generator<Record<string, unknown>> {
  if (typeof part !== 'object' || part === null) return
  yield part as Record<string, unknown>
  for (const each of Object.values(part)) yield* partsOf(each)
}

describe('the document', () => {
  test('is OpenAPI 3.1 of one server, without empty parts', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'Tidemark', version: '1' })
    expect(document.servers).toEqual([{ url: '/' }])
    expect(document).not.toHaveProperty('webhooks')
  })

  test('refers to nothing that is not in it', () => {
    let followed = 0
    for (const { $ref } of partsOf(document)) {
      if (typeof $ref !== 'string') continue
      const [root, ...names] = $ref.split('/')
      expect(root).toBe('#')
      const found = names.reduce((part, name) => part?.[name], document)
      expect(found, $ref).toBeTypeOf('object')
      followed++
    }
    expect(followed).toBeGreaterThan(operations.length)
  })

  test('has schemas that are JSON Schema, of the types, patterns and defaults that they say', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    for (const [name, schema] of Object.entries(document.components.schemas))
      expect(ajv.validateSchema(schema as object), `${name}: ${JSON.stringify(ajv.errors)}`).toBe(true)
    for (const { pattern } of partsOf(document)) if (typeof pattern === 'string') new RegExp(pattern, 'u')
    const inputs = operations.flatMap(({ id, parameters, body }) => [
      ...parameters.map((each) => [`${id} ${each.name}`, each.schema] as const),
      ...(body ? [[`${id} body`, body] as const] : []),
    ])
    for (const [name, schema] of inputs)
      for (const part of partsOf(schema)) {
        if (!('default' in part)) continue
        const { default: usual, ...rest } = part
        expect(ajv.validate(rest, usual), `${name}: ${JSON.stringify(usual)}`).toBe(true)
      }
  })

  test('tells of every operation what it is, how it succeeds, and who may ask', () => {
    const ids = operations.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, path, summary, tags, security, scopes, parameters, responses } of operations) {
      expect(id).toMatch(/^[a-z][A-Za-z]+$/)
      expect(summary, id).toMatch(/./)
      expect(tags, id).toHaveLength(1)
      const statuses = Object.keys(responses)
      expect(
        statuses.filter((status) => status.startsWith('2')),
        id,
      ).toHaveLength(1)
      if (security.some((each) => 'bearer' in each)) expect(statuses, id).toContain('401')
      if (scopes) expect(statuses, id).toContain('403')
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const described = parameters.filter((each) => each.in === 'path').map(({ name }) => name)
      expect(described.sort(), id).toEqual(inPath.sort())
      for (const { description, headers } of Object.values(responses)) {
        expect(description, id).toMatch(/./)
        expect(Object.keys(headers ?? {}), id).toContain('X-Request-Id')
      }
    }
  })

  test('says of an operation that needs a key what it answers without one', async () => {
    const needing = operations.filter(({ idempotency }) => idempotency === 'needed')
    expect(needing.map(({ id }) => id)).toEqual(['createTransaction'])
    expect(JSON.stringify(document.paths['/v1/transactions'].post.responses[400])).toContain(
      'idempotency-key-missing',
    )
  })

  test('tells what may be left out at a sign-up, and what it is then', () => {
    const { body } = operations.find(({ id }) => id === 'createUser')!
    expect(body!.required).toEqual(['email', 'password'])
    expect(body!.properties!.timeZone).toMatchObject({ type: 'string', default: 'UTC' })
    expect(body!.properties!.baseCurrency).toMatchObject({ type: 'string', default: 'EUR' })
  })
})

const anyQuery = ['postWebhook']

test('a field of the query that is not known is refused on every operation', async () => {
  let refused = 0
  for (const operation of operations) {
    const path = operation.path.replace(/\{\w+\}/g, '1')
    const answer = await http.json(operation.method.toUpperCase(), `${path}?zz=1`, {
      token: await tokenOf(operation),
    })
    if (anyQuery.includes(operation.id)) continue
    expect(answer.status, operation.id).toBe(400)
    expect(answer.body.type).toBe('urn:tidemark:problem:invalid-request')
    expect(answer.body.errors, operation.id).toEqual([{ field: 'zz', message: 'is not known here' }])
    refused++
  }
  expect(refused).toBe(operations.length - anyQuery.length)
  expect(refused).toBeGreaterThan(40)
})

test('a provider may put into its address what it likes', async () => {
  const answer = await http.json('POST', '/webhooks/nobody?zz=1', { body: {} })
  expect(answer.status).toBe(404)
})

/** Of the user; of a service where none but a service may ask. */
async function tokenOf({ scopes }: Operation): Promise<string | undefined> {
  if (scopes === undefined) return undefined
  return scopes.every((scope) => scope === 'service') ? apiKey(db, null, 'service') : token
}

describe('what may be null', () => {
  test('is taken where the document says so, and clears', async () => {
    const schema = document.components.schemas.TransactionChange
    const nullable = Object.keys(schema.properties).filter((name) =>
      [schema.properties[name].type].flat().includes('null'),
    )
    expect(nullable).toEqual(['category', 'note', 'tags', 'transfer', 'excluded'])
    const path = `/v1/transactions/${transactionId}`
    for (const name of nullable) {
      const answer = await http.json('PATCH', path, { token, body: { [name]: null } })
      expect(answer.status, name).toBe(200)
    }
  })

  test('is refused where it does not', async () => {
    const bodies = operations.filter(({ body }) => body?.properties)
    let asked = 0
    for (const operation of bodies)
      for (const [name, schema] of Object.entries(operation.body!.properties!)) {
        if (JSON.stringify(schema).includes('"null"')) continue
        const answer = await http.json(
          operation.method.toUpperCase(),
          operation.path.replace(/\{id\}/g, '1').replace('{date}', '2024-01-01'),
          { token, body: { [name]: null } },
        )
        expect(answer.status, `${operation.id} ${name}`).toBe(400)
        const fields = answer.body.errors.map(({ field }: { field: string }) => field)
        expect(fields, operation.id).toContain(name)
        asked++
      }
    expect(asked).toBeGreaterThan(20)
  })
})

test('a change of nothing is refused in the same way everywhere', async () => {
  const changes = operations.filter(({ method }) => method === 'patch')
  expect(changes.length).toBeGreaterThan(3)
  const ids: Record<string, string> = { updateSource: sourceId, updateTransaction: transactionId }
  for (const operation of changes) {
    const path = operation.path.replace('{id}', ids[operation.id] ?? '1')
    const answer = await http.json('PATCH', path, { token, body: {} })
    expect(answer.status, operation.id).toBe(400)
    expect(answer.body.errors).toEqual([
      { field: 'body', message: expect.stringMatching(/^must name something to change, of \w+/) },
    ])
  }
})

test('what is not ready answers so, as the document says', async () => {
  const stopped = await startApp(db, { scheduler: () => 'stopped' })
  const answer = await stopped.json('GET', '/readyz')
  expect(answer.status).toBe(503)
  const operation = operations.find(({ id }) => id === 'getReadiness')!
  expectDocumented(document, operation, answer)
  const { schema } = operation.responses[503]!.content!['application/json']!
  const validate = new Ajv2020({ strict: false }).compile({ ...schema, components: document.components })
  expect(validate(answer.body), JSON.stringify(validate.errors)).toBe(true)
})

/** Of ranges that lie in the past. */
const closed: Record<string, string> = {
  getNetWorth: '/v1/net-worth?from=2024-05-01&to=2024-05-31',
  getBalance: '/v1/balance?at=2024-05-31',
  listTransactions: '/v1/transactions?to=2024-05-31',
}

test('where it tells of an ETag there is one, and 304 to who knows it', async () => {
  const revalidated = operations.filter(({ responses }) => responses[304])
  expect(revalidated.map(({ id }) => id).sort()).toEqual(Object.keys(closed).sort())
  for (const operation of revalidated) {
    expect(operation.parameters.map(({ name }) => name)).toContain('If-None-Match')
    const first = await http.json('GET', closed[operation.id]!, { token })
    expectDocumented(document, operation, first)
    const etag = first.headers.get('etag')!
    const again = await http.json('GET', closed[operation.id]!, { token, headers: { 'if-none-match': etag } })
    expect(again.status, operation.id).toBe(304)
    expectDocumented(document, operation, again)
  }
})

test('who asks too often is told when to come again', async () => {
  const strict = await startApp(db, { requestsPerMinute: 1 })
  const operation = operations.find(({ id }) => id === 'listAccounts')!
  expect((await strict.json('GET', '/v1/accounts', { token })).status).toBe(200)
  const answer = await strict.json('GET', '/v1/accounts', { token })
  expect(answer.status).toBe(429)
  expectDocumented(document, operation, answer)
})
