import type { Locator } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Connector } from '../../src/connectors/connector.ts'
import { loadConnectors } from '../../src/connectors/load.ts'
import { fixture as skeleton } from '../../src/connectors/skeleton/fixture.ts'
import { isSecret, labelOf, variantName } from '../../src/dashboard/sources/schema-form/names.ts'
import { type JsonSchema, shapeOf } from '../../src/dashboard/sources/schema-form/schema.ts'
import { type Drafts, filledIn } from '../../src/dashboard/sources/schema-form/values.ts'
import { present, seriousFaults, startDashboard, type TestDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { partsFor, serveProvider } from '../setup/providers.ts'

const installed = await loadConnectors({ places: [], settingsFile: undefined })

/** As GET /v1/source-types makes it. */
const schemaOf = (type: z.ZodType) =>
  z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as JsonSchema

/** What a person would have to write into the fields for this value. */
function draftsFor(schema: JsonSchema, path: string, value: unknown): Drafts {
  const shape = shapeOf(schema)
  if (shape.kind === 'variants') {
    const keys = Object.keys(value as object)
    const index = shape.variants.findIndex(({ properties = {} }) => keys.every((key) => key in properties))
    return { ...draftsFor(shape.variants[index]!, path, value), [path]: String(index) }
  }
  if (shape.kind === 'object')
    return Object.assign(
      {},
      ...shape.properties
        .filter(([key]) => (value as Record<string, unknown>)[key] !== undefined)
        .map(([key, each]) => draftsFor(each, `${path}.${key}`, (value as Record<string, unknown>)[key])),
    )
  return { [path]: Array.isArray(value) ? value.join('\n') : String(value) }
}

describe('every connector there is', () => {
  test.each([...installed.ids(), 'my-provider'])('%s: what its fields hold is what it takes', async (id) => {
    const { connector, start } = id === 'my-provider' ? skeleton : await installed.fixture(id)
    const { credentials, config } = start({ clock: () => present }).connection('http://127.0.0.1:1')
    for (const [part, value] of Object.entries({ credentials, config }) as [
      'credentials' | 'config',
      unknown,
    ][]) {
      const schema = schemaOf(connector[part])
      expect(unfillable(schema)).toEqual([])
      const filled = filledIn(schema, part, draftsFor(schema, part, value))
      expect(filled).toEqual(value)
      expect(connector[part].safeParse(filled).success).toBe(true)
    }
  })

  test('what is left as it is comes from the connector’s own defaults', async () => {
    for (const id of ['vendor', 'ecb', 'crypto-prices']) {
      const { config } = await installed.get(id)
      expect(filledIn(schemaOf(config), 'config', {})).toEqual({})
    }
  })

  test('ways to sign in are named by what has to be given', async () => {
    const waysOf = async (id: string) => {
      const shape = shapeOf(schemaOf((await installed.get(id)).credentials))
      return shape.kind === 'variants' ? shape.variants.map(variantName) : []
    }
    expect(await waysOf('plaid')).toEqual(['Access token', 'Public token'])
    expect(await waysOf('simplefin')).toEqual(['Setup token', 'Access URL'])
  })

  test('whatever lets somebody in is hidden, and nothing else', async () => {
    const hidden: string[] = []
    const shown: string[] = []
    for (const id of installed.ids()) {
      const { credentials, config } = await installed.get(id)
      for (const [part, schema] of [
        ['credentials', schemaOf(credentials)],
        ['config', schemaOf(config)],
      ] as const)
        for (const [path, each] of leavesOf(schema, part))
          (isSecret(path, each) ? hidden : shown).push(path.slice(path.indexOf('.') + 1))
    }
    expect(new Set(hidden)).toEqual(
      new Set(['apiKey', 'secret', 'password', 'accessToken', 'publicToken', 'setupToken', 'accessUrl']),
    )
    expect(new Set(shown)).toEqual(new Set(['exchange', 'baseUrl', 'symbols', 'pairs', 'asset']))
  })

  test('labels are titles, short descriptions, or keys in words', () => {
    expect(labelOf('apiKey', {})).toBe('API key')
    expect(labelOf('baseUrl', {})).toBe('Base URL')
    expect(labelOf('client_id', {})).toBe('Client ID')
    expect(labelOf('token', { description: 'API token' })).toBe('API token')
    expect(labelOf('token', { title: 'Key', description: 'API token' })).toBe('Key')
    expect(labelOf('token', { description: 'Long. And in sentences.' })).toBe('Token')
  })
})

function* leavesOf(schema: JsonSchema, path: string): Generator<[string, JsonSchema]> {
  const shape = shapeOf(schema)
  if (shape.kind === 'variants') for (const each of shape.variants) yield* leavesOf(each, path)
  else if (shape.kind === 'object')
    for (const [key, each] of shape.properties) yield* leavesOf(each, `${path}.${key}`)
  else yield [path, schema]
}

/** Where a person would have to write JSON. */
function unfillable(schema: JsonSchema): string[] {
  return [...leavesOf(schema, 'x')].filter(([, each]) => shapeOf(each).kind === 'json').map(([path]) => path)
}

describe('in the browser', () => {
  let dashboard: TestDashboard
  let userId: string
  let given: { credentials: unknown; config: unknown }[] = []

  /** One field of every kind, which takes whatever fits. */
  const everything: Connector = {
    ...skeleton.connector,
    id: 'everything',
    title: 'Everything',
    auth: 'See https://example.com/keys, and copy the key.',
    credentials: z.strictObject({
      user: z.string().min(1),
      privateKey: z.string().min(1),
    }),
    config: z.strictObject({
      region: z.enum(['eu', 'us']),
      demo: z.boolean().default(false),
      days: z.int().min(1).optional(),
      url: z.url().default('https://example.com'),
      tags: z.array(z.string().regex(/^[a-z]+$/)).optional(),
      proxy: z.strictObject({ host: z.string(), port: z.int() }).optional().describe('Proxy'),
    }),
    async check({ credentials, config }) {
      given.push({ credentials, config })
      return { name: 'All of it' }
    },
  }

  beforeAll(async () => {
    const db = await cloneDatabase()
    const served = await serveProvider(skeleton, { clock: () => present, limits: false })
    dashboard = await startDashboard(db, partsFor([{ ...served, connector: everything }]))
    userId = (await newPerson(db)).user.id
    given = []
  })

  test('a form of every kind of field, its faults at the fields, and what is sent', async () => {
    const page = await dashboard.openAs(userId, '/sources/new?type=everything', { refusals: [400] })
    await page.getByRole('heading', { name: 'Connect Everything' }).waitFor()
    expect(await page.getByRole('link', { name: 'https://example.com/keys' }).getAttribute('href')).toBe(
      'https://example.com/keys',
    )
    await page.getByLabel('User').fill('me')
    const key = page.getByLabel('Private key', { exact: true })
    expect(await key.getAttribute('type')).toBe('password')
    await key.fill('s3cret')
    await page.getByRole('button', { name: 'Show Private key' }).click()
    expect(await key.getAttribute('type')).toBe('text')
    await page.getByLabel('Region').selectOption('us')
    await page.getByLabel('Demo').check()
    await page.getByLabel('Days (optional)').fill('many')
    expect(await page.getByLabel('URL').inputValue()).toBe('https://example.com')
    await page.getByLabel('Tags (optional)').fill('home\n\nWORK\n')
    const proxy = page.getByRole('group', { name: 'Proxy' })
    await proxy.getByLabel('Host').fill('proxy.example')
    await proxy.getByLabel('Port').fill('3128')
    expect(await seriousFaults(page)).toEqual([])

    await page.getByRole('button', { name: 'Connect' }).click()
    const days = page.getByLabel('Days (optional)')
    await expect.poll(() => days.getAttribute('aria-invalid')).toBe('true')
    expect(await faultOf(days)).toBe('must be a number')
    expect(await faultOf(page.getByLabel('Tags (optional)'))).toMatch(/^line 2 /)
    expect(await page.locator(':focus').getAttribute('id')).toBe(await days.getAttribute('id'))
    expect(given).toEqual([])

    await days.fill('30')
    await page.getByLabel('Tags (optional)').fill('home\nwork')
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByRole('heading', { name: 'All of it' }).waitFor()
    expect(given).toEqual([
      {
        credentials: { user: 'me', privateKey: 's3cret' },
        config: {
          region: 'us',
          demo: true,
          days: 30,
          url: 'https://example.com',
          tags: ['home', 'work'],
          proxy: { host: 'proxy.example', port: 3128 },
        },
      },
    ])
  })

  test('a key of several lines keeps them, hidden as it is', async () => {
    const page = await dashboard.openAs(userId, '/sources/new?type=everything')
    const key = page.getByLabel('Private key', { exact: true })
    const pem = '-----BEGIN KEY-----\nAbC\n-----END KEY-----'
    const lines = page.getByLabel('Tags (optional)')
    await lines.fill(pem)
    await lines.press('Control+A')
    await lines.press('Control+C')
    await key.focus()
    await key.press('Control+V')
    await page.locator('textarea.code').waitFor()
    expect(await key.inputValue()).toBe(pem)
    const security = () =>
      page.evaluate("getComputedStyle(document.querySelector('textarea.code')).webkitTextSecurity")
    expect(await security()).toBe('disc')
    await page.getByRole('button', { name: 'Show Private key' }).click()
    await expect.poll(security).toBe('none')
  })
})

/** The sentence below a field. */
async function faultOf(field: Locator): Promise<string | null> {
  const id = /\S+-fault/.exec((await field.getAttribute('aria-describedby')) ?? '')?.[0]
  return id === undefined ? null : field.page().locator(`[id="${id}"]`).textContent()
}
