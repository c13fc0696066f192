import { readFile } from 'node:fs/promises'
import type { ValidateFunction } from 'ajv'
import { beforeAll, describe, expect, test } from 'vitest'
import type { PlaidEmulator } from '../../src/connectors/plaid/emulator.ts'
import { fixture } from '../../src/connectors/plaid/fixture.ts'

/**
 * The emulator's answers against Plaid's own OpenAPI document, which is not ours to keep here: 2020-09-14.yml of
 * https://github.com/plaid/plaid-openapi, at the path in PLAID_OPENAPI.
 */
const path = process.env.PLAID_OPENAPI

test.runIf(path === undefined)('Plaid’s OpenAPI document is at hand', ({ skip }) => {
  skip('PLAID_OPENAPI does not name a copy of Plaid’s OpenAPI document')
})

describe.runIf(path !== undefined)('against Plaid’s OpenAPI document', () => {
  let validators: Record<string, ValidateFunction>
  beforeAll(async () => {
    validators = await compile(await readFile(path!, 'utf8'))
  })

  const now = new Date('2025-06-18T12:00:00Z')
  const start = (pageSize = 500): PlaidEmulator => fixture.start({ clock: () => now, pageSize, limits: true })

  async function ask(provider: PlaidEmulator, endpoint: string, body: object) {
    const { credentials, settings } = provider.connection('') as {
      credentials: { accessToken: string }
      settings: { clientId: string; secret: string }
    }
    const response = await provider.app.request(endpoint, {
      method: 'POST',
      headers: { 'plaid-client-id': settings.clientId, 'plaid-secret': settings.secret },
      body: JSON.stringify({ access_token: credentials.accessToken, ...body }),
    })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }

  function expectValid(schema: string, answer: unknown) {
    const validate = validators[schema]!
    validate(answer)
    expect(validate.errors ?? []).toEqual([])
  }

  test('/transactions/sync: added, modified and removed, page by page', async () => {
    const provider = start(40)
    const { world } = provider
    world.openAccount({ id: 'points', name: 'Points', kind: 'other', asset: 'POINTS' })
    world.put({ account: 'points', id: 'tx9001', occurredAt: '2025-06-17T10:00:00Z', amount: '12' })
    const read = async (cursor: unknown) => {
      const { status, answer } = await ask(provider, '/transactions/sync', { cursor, count: 500 })
      expect(status).toBe(200)
      expectValid('TransactionsSyncResponse', answer)
      return answer
    }
    const first = await read(undefined)
    expect(first).toMatchObject({ has_more: true })
    const last = await read(first.next_cursor)
    expect(last).toMatchObject({ has_more: false })
    const [row, gone] = world.rows()
    world.put({ ...row!, amount: '-1.01' })
    world.remove(gone!.account, gone!.id)
    world.put({
      account: 'card',
      id: 'tx9002',
      occurredAt: now.toISOString(),
      amount: '-3',
      replaces: 'tx9000',
    })
    const delta = await read(last.next_cursor)
    expect(delta).toMatchObject({ added: [{}], modified: [{}], removed: [{}] })
  })

  test('/accounts/get', async () => {
    const { world, ...provider } = start()
    world.openAccount({ id: 'ira', name: 'IRA', kind: 'brokerage', asset: 'USD' })
    const { status, answer } = await ask({ world, ...provider }, '/accounts/get', {})
    expect(status).toBe(200)
    expectValid('AccountsGetResponse', answer)
  })

  test('/item/public_token/exchange', async () => {
    const provider = start()
    const body = { public_token: provider.createPublicToken() }
    const { status, answer } = await ask(provider, '/item/public_token/exchange', body)
    expect(status).toBe(200)
    expectValid('ItemPublicTokenExchangeResponse', answer)
  })

  test('/webhook_verification_key/get, of a key in use and of one that was', async () => {
    const provider = start()
    const { headers } = await provider.notify({})
    const [header] = headers['plaid-verification']!.split('.')
    const { kid } = JSON.parse(Buffer.from(header!, 'base64url').toString())
    const inUse = await ask(provider, '/webhook_verification_key/get', { key_id: kid })
    expectValid('WebhookVerificationKeyGetResponse', inUse.answer)
    provider.retireKey()
    const retired = await ask(provider, '/webhook_verification_key/get', { key_id: kid })
    expectValid('WebhookVerificationKeyGetResponse', retired.answer)
    expect(retired.answer).toMatchObject({ key: { expired_at: now.getTime() / 1000 } })
  })

  test('errors', async () => {
    const provider = start(2)
    const first = await ask(provider, '/transactions/sync', {})
    provider.world.put({ account: 'card', id: 'tx9003', occurredAt: now.toISOString(), amount: '-3' })
    const failures = [
      await ask(provider, '/transactions/sync', { cursor: first.answer.next_cursor }),
      await ask(provider, '/transactions/sync', { cursor: 'abc' }),
      await ask(provider, '/transactions/sync', { count: 501 }),
      await ask(provider, '/transactions/sync', { access_token: 'access-sandbox-x' }),
      await ask(provider, '/item/public_token/exchange', { public_token: 'public-sandbox-x' }),
      await ask(provider, '/webhook_verification_key/get', { key_id: 'x' }),
    ]
    for (let request = 0; request < 50; request++) await ask(provider, '/accounts/get', {})
    failures.push(await ask(provider, '/transactions/sync', {}))
    provider.refuseCredentials()
    failures.push(await ask(provider, '/transactions/sync', { access_token: 'access-sandbox-1' }))
    expect(failures.map(({ status, answer }) => [status, answer.error_code])).toEqual([
      [400, 'TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION'],
      [400, 'INVALID_FIELD'],
      [400, 'INVALID_FIELD'],
      [400, 'INVALID_ACCESS_TOKEN'],
      [400, 'INVALID_PUBLIC_TOKEN'],
      [400, 'INVALID_WEBHOOK_VERIFICATION_KEY_ID'],
      [429, 'TRANSACTIONS_LIMIT'],
      [400, 'ITEM_LOGIN_REQUIRED'],
    ])
    for (const { answer } of failures) expectValid('PlaidError', answer)
  })
})

const schemas = [
  'TransactionsSyncResponse',
  'AccountsGetResponse',
  'ItemPublicTokenExchangeResponse',
  'WebhookVerificationKeyGetResponse',
  'PlaidError',
]

/** Validators of the document's schemas, by their names. */
async function compile(document: string): Promise<Record<string, ValidateFunction>> {
  const [{ Ajv2019 }, { parse }] = await Promise.all([import('ajv/dist/2019.js'), import('yaml')])
  const ajv = new Ajv2019({
    strict: false,
    allErrors: true,
    formats: {
      date: /^\d{4}-\d{2}-\d{2}$/,
      'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/,
      double: true,
    },
  })
  const { components } = parse(document, { maxAliasCount: -1 }) as { components: object }
  ajv.addSchema({ $id: 'https://plaid.com/openapi', components: closed(components) as object })
  return Object.fromEntries(
    schemas.map((name) => [
      name,
      ajv.compile(closed({ $ref: `https://plaid.com/openapi#/components/schemas/${name}` }) as object),
    ]),
  )
}

/** The document lets every object have further fields; ours shall not, or a misspelt one would pass. */
function closed(schema: unknown, part = ''): unknown {
  if (Array.isArray(schema)) return schema.map((each) => closed(each, part))
  if (schema === null || typeof schema !== 'object') return schema
  const entries = Object.entries(schema)
    .filter(([key, value]) => key !== 'additionalProperties' || value !== true)
    .map(([key, value]) => [key, closed(value, key)])
  const isWhole = '$ref' in schema && part !== 'allOf'
  return { ...Object.fromEntries(entries), ...(isWhole && { unevaluatedProperties: false }) }
}
