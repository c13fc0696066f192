import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, expect, test } from 'vitest'
import { apiKey } from '../setup/api-key.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { newPerson } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

interface SourceType {
  id: string
  scope: string
  credentials: object
  config: object
}

test('every connector of the installation, and statement files', async () => {
  const { user } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const { status, body } = await http.json('GET', '/v1/source-types', { token })
  expect(status).toBe(200)
  const types: SourceType[] = body.sourceTypes
  expect(types.map(({ id }) => id)).toEqual(['file', ...http.parts.connectors.ids()])
  expect(types.find(({ id }) => id === 'vendor')).toMatchObject({
    title: 'Vendor balances',
    scope: 'platform',
    limits: [{ scope: 'client', max: 5, per: 60_000, kind: 'sliding' }],
    history: { maxDays: 3653, windowDays: null, overlapDays: 1, mutableDays: 1 },
    webhook: false,
    batchMax: null,
  })
  expect(types.find(({ id }) => id === 'plaid')).toMatchObject({ scope: 'user', webhook: true })
  expect(types.find(({ id }) => id === 'simplefin')).toMatchObject({ history: { windowDays: 43 } })
  expect((await http.json('GET', '/v1/source-types', { token })).body).toEqual(body)
})

test('the schemas are JSON Schemas that take what the connectors take', async () => {
  const key = await apiKey(db, null, 'service')
  const { body } = await http.json('GET', '/v1/source-types', { token: key })
  const types: SourceType[] = body.sourceTypes
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const takes = (id: string, part: 'credentials' | 'config', value: object) =>
    ajv.validate(types.find((type) => type.id === id)![part], value)
  for (const { credentials, config } of types)
    for (const schema of [credentials, config]) expect(ajv.validateSchema(schema)).toBe(true)
  expect(takes('vendor', 'credentials', { apiKey: 'k' })).toBe(true)
  expect(takes('vendor', 'credentials', { apikey: 'k' })).toBe(false)
  // What has a default is not to be given.
  expect(takes('vendor', 'config', {})).toBe(true)
  expect(takes('plaid', 'credentials', { publicToken: 'p' })).toBe(true)
  expect(takes('plaid', 'credentials', {})).toBe(false)
  expect(takes('ecb', 'credentials', {})).toBe(true)
  expect(takes('file', 'config', { any: 1 })).toBe(false)
})

test('it needs a token', async () => {
  expect((await http.ask('GET', '/v1/source-types')).status).toBe(401)
})
