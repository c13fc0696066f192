import { createHash, generateKeyPairSync } from 'node:crypto'
import { base64url, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WebhookRequest } from '../../src/connectors/connector.ts'
import { listen } from '../../src/connectors/emulator/listen.ts'
import {
  ConnectorBugError,
  RateLimitedError,
  ReauthError,
  RestartError,
  RevokedError,
  TransientError,
} from '../../src/connectors/errors.ts'
import { createHttpClient } from '../../src/connectors/http-client.ts'
import { type JsonValue, parseExactJson } from '../../src/connectors/json.ts'
import { fixture } from '../../src/connectors/plaid/fixture.ts'
import { connector } from '../../src/connectors/plaid/index.ts'
import type { PlaidContext } from '../../src/connectors/plaid/pull.ts'
import { type PlaidCredentials, settings } from '../../src/connectors/plaid/settings.ts'
import { rowsOfAnswer } from '../../src/connectors/plaid/transform.ts'
import { createWebhook } from '../../src/connectors/plaid/webhook.ts'
import { syncAnswer } from '../../src/connectors/plaid/wire.ts'
import { type CheckedPage, checkPages } from '../../src/connectors/pull.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { RefusedError } from '../../src/errors.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Plaid over HTTP, and one Item of it. `now` is everybody's clock. */
async function plaid({ seeded = true, pageSize = 500, limits = false, allowed = true } = {}) {
  const time = { now: new Date('2025-06-18T12:00:00Z') }
  const clock = () => time.now
  const provider = fixture.start({ clock, seeded, pageSize, limits })
  const server = await listen(provider.app)
  const transport = createTransport({ allowedHosts: allowed ? [server.host] : [] })
  closing.push(async () => {
    await transport.close()
    await server.close()
  })
  const sent: { path: string; body: Record<string, unknown> }[] = []
  let entered = 0
  const gate = {
    enter: async () => {
      entered++
      return async () => {}
    },
  }
  const fetch: typeof globalThis.fetch = (address, request) => {
    sent.push({ path: new URL(String(address)).pathname, body: JSON.parse(String(request?.body)) })
    return transport.fetch(address, request)
  }
  const { signal } = new AbortController()
  const given = provider.connection(server.url)
  const context: PlaidContext = {
    credentials: given.credentials as PlaidCredentials,
    config: {},
    settings: settings.parse(given.settings),
    http: createHttpClient({ fetch, gate, clock, signal }),
    clock,
    signal,
    timeZone: 'UTC',
    log: { debug: () => {}, warn: () => {} },
    saveCredentials: async () => {},
  }
  const pull = async (cursor: JsonValue, pages: CheckedPage[] = []): Promise<CheckedPage[]> => {
    const request = { mode: 'incremental', cursor, window: { from: '2023-06-19', to: '2025-06-19' } } as const
    for await (const page of checkPages(connector.pull(context, request))) pages.push(page)
    return pages
  }
  return { ...provider, context, pull, time, sent, entered: () => entered }
}

/** A small account of one's own. */
async function smallWorld(options: { pageSize?: number } = {}) {
  const provider = await plaid({ seeded: false, ...options })
  provider.world.openAccount({ id: 'checking', name: 'Checking', kind: 'checking', asset: 'USD' })
  const put = (id: string, amount: string, more: object = {}) =>
    provider.world.put({ account: 'checking', id, occurredAt: '2025-06-10T10:00:00Z', amount, ...more })
  return { ...provider, put }
}

async function failureOf(doing: Promise<unknown>): Promise<unknown> {
  return doing.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error,
  )
}

const idsOf = (pages: CheckedPage[]) => pages.flatMap(({ changes }) => changes.map(({ id }) => id))

const account = (text = '') => `{"account_id":"a1","balances":{"available":null,"current":110.94,
  "iso_currency_code":"USD","limit":null,"unofficial_currency_code":null},"mask":"0000","name":"Checking",
  "official_name":null,"subtype":"checking","type":"depository"${text}}`

const transaction = (text = '') => `{"account_id":"a1","amount":72.10,"iso_currency_code":"USD",
  "unofficial_currency_code":null,"date":"2025-06-12","datetime":null,"authorized_datetime":null,"name":"WM #1700",
  "merchant_name":"Walmart","pending":false,"pending_transaction_id":null,"payment_channel":"in store",
  "transaction_code":null,"transaction_id":"t1",
  "personal_finance_category":{"primary":"GENERAL_MERCHANDISE","detailed":"GENERAL_MERCHANDISE_SUPERSTORES"}${text}}`

function rowsOf(lists: { accounts?: string[]; added?: string[]; modified?: string[]; removed?: string[] }) {
  const list = (entries: string[] = []) => `[${entries.join(',')}]`
  const text = `{"accounts":${list(lists.accounts)},"added":${list(lists.added)},"modified":${list(lists.modified)},
    "removed":${list(lists.removed)},"next_cursor":"c","has_more":false,"request_id":"r"}`
  return rowsOfAnswer(syncAnswer.parse(parseExactJson(text)), '2025-06-18')
}

describe('transform', () => {
  test('a purchase, and the account it was made from', () => {
    expect(rowsOf({ accounts: [account()], added: [transaction()] })).toEqual({
      accounts: [{ externalId: 'a1', kind: 'checking', name: 'Checking' }],
      changes: [
        {
          type: 'upsert',
          account: 'a1',
          id: 't1',
          bookedOn: '2025-06-12',
          amount: '-72.1',
          asset: 'USD',
          kind: 'card',
          status: 'posted',
          description: 'WM #1700',
          counterparty: 'Walmart',
          category: 'GENERAL_MERCHANDISE',
        },
      ],
      balances: [{ account: 'a1', asset: 'USD', day: '2025-06-18', edge: 'now', amount: '110.94' }],
      problems: [],
    })
  })

  test.each([
    ['12345678901234.567', '-12345678901234.567'],
    ['-90071992547409.93', '90071992547409.93'],
    ['0.1', '-0.1'],
    ['-5', '5'],
    ['0.00', '0'],
    ['-0.0', '0'],
    ['1.25e-7', '-0.000000125'],
    ['1E2', '-100'],
  ])('the amount %s is exact and changes its sign: %s', (text, expected) => {
    const { changes } = rowsOf({ added: [transaction(`,"amount":${text}`)] })
    expect(changes).toMatchObject([{ amount: expected }])
  })

  test.each([
    ['depository', 'checking', '512.345678901234567', 'checking', '512.345678901234567'],
    ['depository', 'money market', '1', 'savings', '1'],
    ['depository', 'prepaid', '1', 'wallet', '1'],
    ['credit', 'credit card', '410.55', 'card', '-410.55'],
    ['credit', 'credit card', '-3', 'card', '3'],
    ['loan', 'mortgage', '56302.06', 'loan', '-56302.06'],
    ['other', 'other', '7', 'other', '7'],
    ['something new', null, '7', 'other', '7'],
    ['depository', 'constructor', '7', 'checking', '7'],
  ])('%s/%s with %s is a %s account that holds %s', (type, subtype, current, kind, held) => {
    const balances = `"balances":{"current":${current},"iso_currency_code":"USD"}`
    const text = `,"type":"${type}","subtype":${JSON.stringify(subtype)},${balances}`
    const rows = rowsOf({ accounts: [account(text)] })
    expect(rows.accounts).toMatchObject([{ kind }])
    expect(rows.balances).toMatchObject([{ amount: held }])
  })

  test('a balance that the institution does not tell is none', () => {
    const balances = '"balances":{"available":5,"current":null,"iso_currency_code":"USD"}'
    expect(rowsOf({ accounts: [account(`,${balances}`)] })).toMatchObject({ balances: [], problems: [] })
  })

  test('accounts of investments are left out with all that is theirs', () => {
    expect(rowsOf({ accounts: [account(',"type":"investment"')], added: [transaction()] })).toEqual({
      accounts: [],
      changes: [],
      balances: [],
      problems: [],
    })
  })

  test.each([
    ['"transaction_code":"bank charge"', 'fee'],
    ['"transaction_code":"standing order"', 'payment'],
    ['"transaction_code":"cheque"', 'check'],
    ['"transaction_code":"interest"', 'interest'],
    ['"transaction_code":"purchase","payment_channel":"online"', 'card'],
    ['"transaction_code":"atm"', 'withdrawal'],
    ['"transaction_code":"refund","amount":-5', 'refund'],
    ['"payment_channel":"online"', 'payment'],
    ['"payment_channel":"online","amount":-5', 'deposit'],
    ['"payment_channel":"other"', 'withdrawal'],
    ['"payment_channel":"other","amount":-5', 'deposit'],
  ])('%s is a %s', (fields, kind) => {
    expect(rowsOf({ added: [transaction(`,${fields}`)] }).changes).toMatchObject([{ kind }])
  })

  test('when it was authorised counts before when it was posted, and midnight is no time of day', () => {
    const [authorized, posted, midnight] = [
      '"authorized_datetime":"2025-06-11T10:34:50Z","datetime":"2025-06-12T11:01:01Z"',
      '"datetime":"2025-06-12T11:01:01Z"',
      '"authorized_datetime":"2025-06-11T00:00:00Z"',
    ].map((fields) => rowsOf({ added: [transaction(`,${fields}`)] }).changes[0])
    expect(authorized).toMatchObject({ bookedOn: '2025-06-12', occurredAt: '2025-06-11T10:34:50Z' })
    expect(posted).toMatchObject({ bookedOn: '2025-06-12', occurredAt: '2025-06-12T11:01:01Z' })
    expect(midnight).not.toHaveProperty('occurredAt')
  })

  test('an unofficial currency is the asset, and where neither is told the row is none', () => {
    const [bitcoin, none] = ['"DOGE"', 'null'].map(
      (code) =>
        rowsOf({ added: [transaction(`,"iso_currency_code":null,"unofficial_currency_code":${code}`)] })
          .changes[0],
    )
    expect(bitcoin).toMatchObject({ asset: 'DOGE' })
    expect(none).toMatchObject({ asset: '' })
  })

  test('pending, posted in its place, changed and removed', () => {
    const rows = rowsOf({
      added: [
        transaction(',"pending":true,"transaction_id":"p2"'),
        transaction(',"transaction_id":"t2","pending_transaction_id":"p1"'),
      ],
      modified: [transaction(',"transaction_id":"t3"')],
      removed: ['{"account_id":"a1","transaction_id":"p1"}'],
    })
    expect(rows.accounts).toEqual([{ externalId: 'a1' }])
    expect(rows.changes).toMatchObject([
      { type: 'upsert', id: 'p2', status: 'pending' },
      { type: 'upsert', id: 't2', status: 'posted', replaces: ['p1'] },
      { type: 'upsert', id: 't3' },
      { type: 'delete', id: 'p1', account: 'a1' },
    ])
  })

  test('what cannot be read becomes a problem, and the others stay', () => {
    const rows = rowsOf({
      accounts: [account(), '{"account_id":"a2","name":"Broken","type":"depository","balances":null}'],
      added: [transaction(',"amount":"12,5"'), transaction(',"date":"2025-02-30"'), transaction()],
      removed: ['{"transaction_id":"t9"}', 'null'],
    })
    expect(rows.accounts).toHaveLength(1)
    expect(rows.changes).toHaveLength(1)
    expect(rows.problems).toEqual([
      { account: 'a2', message: 'an account cannot be read (balances)' },
      { account: 'a1', message: 'a transaction cannot be read (amount)', row: true },
      { account: 'a1', message: 'a transaction cannot be read (date)', row: true },
      { message: 'a transaction cannot be read (account_id)', row: true },
      { message: 'a transaction cannot be read (all of it)', row: true },
    ])
  })
})

describe('pull', () => {
  test('asks for the largest page, and for the whole history at first alone', async () => {
    const { pull, sent, put, entered } = await smallWorld()
    put('t1', '-1')
    const [page] = await pull(null)
    await pull(page!.cursor)
    expect(sent.map(({ path }) => path)).toEqual(['/transactions/sync', '/transactions/sync'])
    expect(sent[0]!.body).toMatchObject({ count: 500, options: { days_requested: 730 } })
    expect(sent[0]!.body).not.toHaveProperty('cursor')
    expect(sent[1]!.body).toMatchObject({ count: 500, cursor: expect.stringMatching(/.+/) })
    expect(sent[1]!.body).not.toHaveProperty('options')
    expect(entered()).toBe(2)
  })

  test('amounts pass the SDK digit by digit', async () => {
    const { pull, put } = await smallWorld()
    put('t1', '-12345678901234567.89')
    const [page] = await pull(null)
    expect(page!.changes).toMatchObject([{ amount: '-12345678901234567.89' }])
    expect(page!.balances).toMatchObject([{ amount: '-12345678901234567.89', edge: 'now' }])
  })

  test('the group ends with the last page, which tells the balances', async () => {
    const { pull, put } = await smallWorld({ pageSize: 2 })
    for (const id of ['t1', 't2', 't3', 't4', 't5']) put(id, '-1.5')
    const pages = await pull(null)
    expect(pages.map(({ groupEnd }) => groupEnd)).toEqual([false, false, true])
    expect(pages.map(({ changes }) => changes.length)).toEqual([2, 2, 1])
    expect(pages.map(({ balances }) => balances.map(({ amount }) => amount))).toEqual([[], [], ['-7.5']])
  })

  test('a change between two pages starts the group again from its first cursor', async () => {
    const { pull, put, world } = await smallWorld({ pageSize: 2 })
    for (const id of ['t1', 't2', 't3']) put(id, '-1')
    const end = (await pull(null)).at(-1)!.cursor
    for (const id of ['t4', 't5', 't6']) put(id, '-1')
    const pages: CheckedPage[] = []
    const failure = await failureOf(
      pull(
        end,
        new Proxy(pages, {
          set: (target, key, value) => {
            if (key === '0') world.remove('checking', 't1')
            return Reflect.set(target, key, value)
          },
        }),
      ),
    )
    expect(failure).toBeInstanceOf(RestartError)
    expect(failure).toMatchObject({ fromStart: false, retryable: true })
    expect(pages.map(({ groupEnd }) => groupEnd)).toEqual([false])
    expect(idsOf(await pull(end)).toSorted()).toEqual(['t1', 't4', 't5', 't6'])
  })

  test('a stored cursor from the midst of a loop is given up', async () => {
    const { pull, put } = await smallWorld({ pageSize: 1 })
    for (const id of ['t1', 't2']) put(id, '-1')
    const [page] = await pull(null)
    put('t3', '-1')
    const failure = await failureOf(pull(page!.cursor))
    expect(failure).toBeInstanceOf(RestartError)
    expect(failure).toMatchObject({ fromStart: true })
  })

  test.each([
    ['of nothing known', { cursor: 'bm9uc2Vuc2U=' }],
    ['of another Item', { cursor: Buffer.from('{"item":"item-9","from":1}').toString('base64') }],
    ['of another version', { next: 5 }],
    ['that is empty', { cursor: '' }],
    ['that is no object', 'abc'],
  ])('a cursor %s is given up', async (_, cursor) => {
    const { pull } = await smallWorld()
    const failure = await failureOf(pull(cursor))
    expect(failure).toBeInstanceOf(RestartError)
    expect(failure).toMatchObject({ fromStart: true })
  })

  test('a pending row becomes a posted one, which takes its place', async () => {
    const { pull, put, world } = await smallWorld()
    put('p1', '-30', { status: 'pending' })
    const [before] = await pull(null)
    expect(before!.changes).toMatchObject([{ id: 'p1', status: 'pending' }])
    expect(before!.balances).toMatchObject([{ amount: '0' }])
    world.remove('checking', 'p1')
    put('t1', '-33.6', { replaces: 'p1' })
    const [after] = await pull(before!.cursor)
    expect(after!.changes).toMatchObject([
      { type: 'upsert', id: 't1', status: 'posted', amount: '-33.6', replaces: ['p1'] },
      { type: 'delete', id: 'p1' },
    ])
    expect(after!.balances).toMatchObject([{ amount: '-33.6' }])
  })

  test('a read from the start tells which rows there are, so that others go', async () => {
    const { pull, put } = await smallWorld({ pageSize: 2 })
    put('t1', '-1', { occurredAt: '2025-05-02T10:00:00Z' })
    put('t2', '-1')
    put('t3', '-1')
    const pages = await pull(null)
    expect(pages.map(({ completed }) => completed)).toEqual([
      [],
      [{ account: 'checking', from: '2025-05-02', to: '2025-06-19', ids: ['t1', 't2', 't3'] }],
    ])
    put('t4', '-1')
    expect(await pull(pages.at(-1)!.cursor)).toMatchObject([{ completed: [] }])
  })

  test.each([
    ['while Plaid still reads the history', 'HISTORICAL_UPDATE_COMPLETE', 'INITIAL_UPDATE_COMPLETE'],
    ['where a row of an earlier page could not be read', '"amount":1', '"amount":"?"'],
  ])('no row goes %s', async (_, from, to) => {
    const { pull, put, faults } = await smallWorld({ pageSize: 1 })
    put('t1', '-1')
    put('t2', '-2')
    for (let page = 0; page < 2; page++)
      faults.plan({ kind: 'rewritten', rewrite: (body) => body.replaceAll(from, to) })
    expect((await pull(null)).flatMap(({ completed }) => completed)).toEqual([])
  })

  test('a Plaid that has read nothing yet is asked again later', async () => {
    const { pull, faults } = await smallWorld()
    const rewrite = (body: string) =>
      body
        .replace(/"next_cursor":"[^"]*"/, '"next_cursor":""')
        .replace('HISTORICAL_UPDATE_COMPLETE', 'NOT_READY')
    faults.plan({ kind: 'rewritten', rewrite })
    expect(await failureOf(pull(null))).toBeInstanceOf(TransientError)
  })

  test('an answer that is not what Plaid says is refused', async () => {
    const { pull, faults } = await smallWorld()
    faults.plan({ kind: 'rewritten', rewrite: (body) => body.replace('"has_more":false', '"has_more":"no"') })
    const failure = await failureOf(pull(null))
    expect(failure).toBeInstanceOf(ConnectorBugError)
    expect(failure).toMatchObject({ message: expect.stringContaining('has_more') })
  })

  test('an account of investments is neither listed nor read', async () => {
    const { pull, put, world, context } = await smallWorld()
    world.openAccount({ id: 'ira', name: 'IRA', kind: 'brokerage', asset: 'USD' })
    world.put({ account: 'ira', id: 'i1', occurredAt: '2025-06-10T10:00:00Z', amount: '5' })
    put('t1', '-1')
    const pages = await pull(null)
    expect(idsOf(pages)).toEqual(['t1'])
    expect(pages.flatMap(({ accounts }) => accounts.map(({ externalId }) => externalId))).toEqual([
      'checking',
    ])
    expect(await connector.accounts(context)).toEqual([
      { externalId: 'checking', kind: 'checking', name: 'Checking' },
    ])
  })

  test('the balance is of the day it is where the owner lives', async () => {
    const { pull, put, context, time } = await smallWorld()
    put('t1', '-1')
    time.now = new Date('2025-06-18T02:30:00Z')
    context.timeZone = 'America/New_York'
    expect((await pull(null))[0]!.balances).toMatchObject([{ day: '2025-06-17' }])
  })

  test('the check of addresses holds for the SDK', async () => {
    const { pull, context, traffic } = await plaid({ allowed: false })
    const failure = await failureOf(pull(null))
    expect(failure).toBeInstanceOf(ConnectorBugError)
    expect(failure).toMatchObject({ message: expect.stringContaining('private network') })
    expect(traffic.requests()).toEqual([])
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(
      context.settings.secret,
    )
  })
})

describe('connecting', () => {
  test('a public token is exchanged for the access token that is kept', async () => {
    const { context, createPublicToken, sent } = await plaid()
    const publicToken = createPublicToken(4)
    expect(await connector.check({ ...context, credentials: { publicToken } })).toEqual({
      credentials: { accessToken: 'access-sandbox-4' },
      externalId: 'item-4',
      name: 'First Platypus Bank',
    })
    expect(sent[0]).toEqual({ path: '/item/public_token/exchange', body: { public_token: publicToken } })
    const again = await failureOf(connector.check({ ...context, credentials: { publicToken } }))
    expect(again).toBeInstanceOf(ReauthError)
  })

  test('what a public token brought is kept though the institution has no name', async () => {
    const { context, createPublicToken, faults } = await plaid()
    faults.plan({ kind: 'status', status: 500 }, 1)
    const credentials = { publicToken: createPublicToken(4) }
    expect(await connector.check({ ...context, credentials })).toEqual({
      credentials: { accessToken: 'access-sandbox-4' },
      externalId: 'item-4',
    })
  })

  test('an access token is tried', async () => {
    const { context, refuseCredentials } = await plaid()
    expect(await connector.check(context)).toEqual({ externalId: 'item-0', name: 'First Platypus Bank' })
    const unknown = { ...context, credentials: { accessToken: 'access-sandbox-x' } }
    expect(await failureOf(connector.check(unknown))).toBeInstanceOf(RevokedError)
    refuseCredentials()
    expect(await failureOf(connector.check(context))).toBeInstanceOf(ReauthError)
  })

  test('a public token that was never exchanged reads nothing', async () => {
    const { context, pull, sent } = await plaid()
    context.credentials = { publicToken: 'public-sandbox-0' }
    expect(await failureOf(pull(null))).toBeInstanceOf(ReauthError)
    expect(sent).toEqual([])
  })

  test('accounts as Tidemark knows them', async () => {
    const { context } = await plaid()
    expect(await connector.accounts(context)).toEqual([
      { externalId: 'checking', kind: 'checking', name: 'Everyday Checking' },
      { externalId: 'savings', kind: 'savings', name: 'Savings' },
      { externalId: 'card', kind: 'card', name: 'Rewards Card' },
      { externalId: 'student', kind: 'loan', name: 'Student Loan' },
      { externalId: 'travel', kind: 'checking', name: 'Travel Account' },
    ])
  })

  test('settings that Plaid does not accept are the platform’s fault, and are not told', async () => {
    const { context, pull } = await plaid()
    context.settings = { ...context.settings, secret: 'another-secret' }
    const failure = await failureOf(pull(null))
    expect(failure).toBeInstanceOf(ConnectorBugError)
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^Plaid answered INVALID_API_KEYS .*settings for Plaid/),
    })
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('another-secret')
  })

  test('more than 50 requests a minute for one Item are refused in Plaid’s words', async () => {
    const { pull, time } = await plaid({ limits: true })
    for (let request = 0; request < 50; request++) await pull(null)
    const failure = await failureOf(pull(null))
    expect(failure).toBeInstanceOf(RateLimitedError)
    expect(failure).toMatchObject({ message: expect.stringContaining('TRANSACTIONS_LIMIT') })
    time.now = new Date(time.now.getTime() + 60_000)
    await pull(null)
  })
})

describe('errors', () => {
  const reauth = ReauthError
  const revoked = RevokedError
  const transient = TransientError
  const bug = ConnectorBugError
  test.each([
    ['ITEM_ERROR', 'ITEM_LOGIN_REQUIRED', 400, reauth],
    ['ITEM_ERROR', 'ITEM_LOCKED', 400, reauth],
    ['ITEM_ERROR', 'INVALID_CREDENTIALS', 400, reauth],
    ['ITEM_ERROR', 'PENDING_EXPIRATION', 400, reauth],
    ['ITEM_ERROR', 'ACCESS_NOT_GRANTED', 400, reauth],
    ['INVALID_INPUT', 'ADDITIONAL_CONSENT_REQUIRED', 400, reauth],
    ['INVALID_INPUT', 'INVALID_PUBLIC_TOKEN', 400, reauth],
    ['OAUTH_ERROR', 'INVALID_TOKEN', 400, reauth],
    ['ITEM_ERROR', 'ITEM_NOT_FOUND', 400, revoked],
    ['ITEM_ERROR', 'USER_PERMISSION_REVOKED', 400, revoked],
    ['INVALID_INPUT', 'INVALID_ACCESS_TOKEN', 400, revoked],
    ['INSTITUTION_ERROR', 'INSTITUTION_NO_LONGER_SUPPORTED', 400, revoked],
    ['RATE_LIMIT_EXCEEDED', 'TRANSACTIONS_SYNC_LIMIT', 429, RateLimitedError],
    ['INSTITUTION_ERROR', 'INSTITUTION_DOWN', 400, transient],
    ['INSTITUTION_ERROR', 'INSTITUTION_NOT_RESPONDING', 400, transient],
    ['API_ERROR', 'INTERNAL_SERVER_ERROR', 500, transient],
    ['API_ERROR', 'PLANNED_MAINTENANCE', 400, transient],
    ['ITEM_ERROR', 'PRODUCT_NOT_READY', 400, transient],
    ['TRANSACTIONS_ERROR', 'TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION', 400, RestartError],
    ['INVALID_INPUT', 'INVALID_API_KEYS', 400, bug],
    ['INVALID_INPUT', 'UNAUTHORIZED_ENVIRONMENT', 400, bug],
    ['INVALID_REQUEST', 'INVALID_FIELD', 400, bug],
    ['INVALID_REQUEST', 'SOMETHING_NEW', 400, bug],
  ])('%s %s', async (error_type, error_code, status, type) => {
    const { pull, faults } = await smallWorld()
    const error = {
      error_type,
      error_code,
      error_message: 'it says',
      display_message: null,
      request_id: 'r1',
    }
    faults.plan({ kind: 'status', status, body: JSON.stringify(error) })
    const failure = await failureOf(pull(null))
    expect(failure).toBeInstanceOf(type)
    expect(failure).toMatchObject({ message: expect.stringContaining(`${error_code} (request r1)`) })
  })

  test('a login that is required since the owner took it back is revoked', async () => {
    const { pull, faults } = await smallWorld()
    const body = JSON.stringify({
      error_type: 'ITEM_ERROR',
      error_code: 'ITEM_LOGIN_REQUIRED',
      error_code_reason: 'OAUTH_USER_REVOKED',
    })
    faults.plan({ kind: 'status', status: 400, body })
    expect(await failureOf(pull(null))).toBeInstanceOf(RevokedError)
  })

  test('Retry-After is heeded, in a body of Plaid’s and in another', async () => {
    const { pull, faults } = await smallWorld()
    const limit = (error_code: string) => JSON.stringify({ error_type: 'RATE_LIMIT_EXCEEDED', error_code })
    for (const [body, scope] of [
      [limit('TRANSACTIONS_SYNC_LIMIT'), 'connection'],
      [limit('INSTITUTIONS_GET_LIMIT'), undefined],
      ['<html>slow down</html>', undefined],
    ] as const) {
      faults.plan({ kind: 'status', status: 429, headers: { 'retry-after': '30' }, body })
      const failure = await failureOf(pull(null))
      expect(failure).toBeInstanceOf(RateLimitedError)
      expect(failure).toMatchObject({ retryAt: new Date('2025-06-18T12:00:30Z'), scope })
    }
  })
})

describe('webhook', () => {
  let { verify, hints } = createWebhook()
  beforeEach(() => {
    // The keys that it knows are its own.
    ;({ verify, hints } = createWebhook())
  })
  const updates = { webhook_type: 'TRANSACTIONS', webhook_code: 'SYNC_UPDATES_AVAILABLE', item_id: 'item-0' }

  /** A notification with a token of one's own. */
  async function forged(request: WebhookRequest, token: string): Promise<WebhookRequest> {
    return { ...request, headers: { ...request.headers, 'plaid-verification': token } }
  }
  const partsOf = (request: WebhookRequest) => request.headers['plaid-verification']!.split('.')
  const keyIdOf = (request: WebhookRequest): string =>
    JSON.parse(new TextDecoder().decode(base64url.decode(partsOf(request)[0]!))).kid
  const claimsOf = (request: WebhookRequest, iat: number) => ({
    iat,
    request_body_sha256: createHash('sha256').update(request.body).digest('hex'),
  })
  const iat = Date.parse('2025-06-18T12:00:00Z') / 1000

  async function expectRefused(request: WebhookRequest, context: PlaidContext, reason: RegExp) {
    const failure = await failureOf(verify(request, context))
    expect(failure).toBeInstanceOf(RefusedError)
    expect(failure).toMatchObject({ message: expect.stringMatching(reason) })
  }

  test('is accepted up to 5 minutes, and its key is asked for once an hour', async () => {
    const { context, notify, time, sent } = await plaid()
    await verify(await notify(updates), context)
    const request = await notify(updates)
    time.now = new Date(time.now.getTime() + 300_000)
    await verify(request, context)
    expect(sent.map(({ path }) => path)).toEqual(['/webhook_verification_key/get'])
    time.now = new Date(time.now.getTime() + 3_600_000)
    await verify(await notify(updates), context)
    expect(sent).toHaveLength(2)
  })

  test('is refused when it is older, or from the future', async () => {
    const { context, notify } = await plaid()
    const at = (seconds: number) => notify(updates, new Date((iat + seconds) * 1000))
    await expectRefused(await at(-301), context, /older than 5 minutes/)
    await expectRefused(await at(61), context, /future/)
    await verify(await at(30), context)
  })

  test('is refused when its body was changed', async () => {
    const { context, notify } = await plaid()
    const request = await notify(updates)
    const body = new TextEncoder().encode(JSON.stringify({ ...updates, item_id: 'item-1' }))
    await expectRefused({ ...request, body }, context, /not the one that was signed/)
  })

  test('is refused with another algorithm, before any key is asked for', async () => {
    const { context, notify, sent } = await plaid()
    const request = await notify(updates)
    const kid = keyIdOf(request)
    const secret = new TextEncoder().encode('a secret of sufficient length for HS256')
    const hs256 = await new SignJWT(claimsOf(request, iat))
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(secret)
    await expectRefused(await forged(request, hs256), context, /not signed with ES256/)
    const encode = (part: object) => base64url.encode(JSON.stringify(part))
    const none = `${encode({ alg: 'none', kid })}.${encode(claimsOf(request, iat))}.`
    await expectRefused(await forged(request, none), context, /not signed with ES256/)
    expect(sent).toEqual([])
  })

  test('is refused when somebody else signed it', async () => {
    const { context, notify } = await plaid()
    const request = await notify(updates)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const sign = (kid: string) =>
      new SignJWT(claimsOf(request, iat)).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
    await expectRefused(await forged(request, await sign(keyIdOf(request))), context, /no valid signature/)
    const [header, payload] = partsOf(request)
    await expectRefused(await forged(request, `${header}.${payload}.`), context, /no valid signature/)
  })

  test('is refused when Plaid does not know its key, which is not asked for over and over', async () => {
    const { context, notify, sent, time } = await plaid()
    const request = await notify(updates)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const named = async (kid: string) => {
      const header = { alg: 'ES256', kid }
      const token = await new SignJWT(claimsOf(request, iat)).setProtectedHeader(header).sign(privateKey)
      return forged(request, token)
    }
    await expectRefused(await named('no-such-key'), context, /not one of Plaid’s/)
    await expectRefused(await named('no-such-key'), context, /not one of Plaid’s/)
    expect(sent).toHaveLength(1)
    // Whoever makes up one key after the other is stopped, too, for a minute.
    time.now = new Date(time.now.getTime() + 120_000)
    for (let made = 0; made < 20; made++)
      await expectRefused(await named(`made-up-${made}`), context, /not one of Plaid’s/)
    await expectRefused(await named('made-up-20'), context, /too many keys/)
    expect(sent).toHaveLength(21)
    time.now = new Date(time.now.getTime() + 60_000)
    await verify(request, context)
  })

  test('is refused when its key is retired', async () => {
    const { context, notify, retireKey } = await plaid()
    const request = await notify(updates)
    retireKey()
    await expectRefused(request, context, /retired/)
    await verify(await notify(updates), context)
  })

  test.each([
    ['there is none', ''],
    ['it is none', 'abc'],
    ['it names no key', `${base64url.encode('{"alg":"ES256"}')}.e30.e30`],
    ['its key is a path', `${base64url.encode('{"alg":"ES256","kid":"../x"}')}.e30.e30`],
  ])('is refused where for a signature %s', async (_, token) => {
    const { context, notify, sent } = await plaid()
    await expectRefused(await forged(await notify(updates), token), context, /signature|key/)
    expect(sent).toEqual([])
  })

  test('a Plaid that is down does not make a notification a forgery', async () => {
    const { context, notify, faults } = await plaid()
    faults.plan({ kind: 'status', status: 500 })
    const request = await notify(updates)
    expect(await failureOf(verify(request, context))).toBeInstanceOf(TransientError)
    await verify(request, context)
  })

  test.each([
    ['TRANSACTIONS', 'SYNC_UPDATES_AVAILABLE', {}, ['sync']],
    ['TRANSACTIONS', 'HISTORICAL_UPDATE', {}, ['sync']],
    ['TRANSACTIONS', 'RECURRING_TRANSACTIONS_UPDATE', {}, []],
    ['HOLDINGS', 'DEFAULT_UPDATE', {}, []],
    ['ITEM', 'ERROR', { error: { error_type: 'ITEM_ERROR', error_code: 'ITEM_LOGIN_REQUIRED' } }, ['reauth']],
    ['ITEM', 'ERROR', { error: { error_type: 'ITEM_ERROR', error_code: 'ITEM_NOT_FOUND' } }, ['revoked']],
    ['ITEM', 'ERROR', { error: { error_type: 'INSTITUTION_ERROR', error_code: 'INSTITUTION_DOWN' } }, []],
    ['ITEM', 'ERROR', { error: null }, []],
    ['ITEM', 'USER_PERMISSION_REVOKED', {}, ['revoked']],
    ['ITEM', 'LOGIN_REPAIRED', {}, ['repaired']],
    ['ITEM', 'WEBHOOK_UPDATE_ACKNOWLEDGED', {}, []],
  ])('%s %s %j hints %j', async (webhook_type, webhook_code, more, kinds) => {
    const { notify } = await plaid({ seeded: false })
    const request = await notify({ webhook_type, webhook_code, item_id: 'item-3', ...more })
    const expected = kinds.map((kind) => ({
      kind,
      connection: 'item-3',
      eventId: expect.stringMatching(/^\w{64}$/),
    }))
    expect(hints(request)).toEqual(expected)
  })

  test.each([
    ['PENDING_EXPIRATION', { consent_expiration_time: '2025-06-24T08:00:00Z' }, '2025-06-24'],
    ['PENDING_EXPIRATION', { consent_expiration_time: 'soon' }, '2025-06-25'],
    ['PENDING_EXPIRATION', { consent_expiration_time: 7 }, '2025-06-25'],
    ['PENDING_DISCONNECT', { reason: 'INSTITUTION_MIGRATION' }, '2025-06-25'],
  ])('%s %j warns of %s', async (webhook_code, more, day) => {
    const { notify } = await plaid({ seeded: false })
    const request = await notify({ webhook_type: 'ITEM', webhook_code, item_id: 'item-3', ...more })
    expect(hints(request)).toEqual([
      {
        kind: 'warning',
        connection: 'item-3',
        message: `the provider says that its owner has to sign in again by ${day}`,
        eventId: expect.stringMatching(/^\w{64}$/),
      },
    ])
  })

  test('one that arrives twice is one event, and the next of the same text is another', async () => {
    const { notify, time } = await plaid({ seeded: false })
    const eventIdOf = (request: WebhookRequest) => hints(request)[0]!.eventId
    const first = await notify(updates)
    const resigned = await notify(updates)
    expect(resigned.headers).not.toEqual(first.headers)
    expect(eventIdOf(resigned)).toBe(eventIdOf(first))
    time.now = new Date(time.now.getTime() + 1_000)
    expect(eventIdOf(await notify(updates))).not.toBe(eventIdOf(first))
    expect(eventIdOf(await notify({ ...updates, item_id: 'item-1' }))).not.toBe(eventIdOf(first))
  })
})
