import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Big } from 'big.js'
import { afterEach, describe, expect, test } from 'vitest'
import type { CcxtClient } from '../../src/connectors/ccxt-client.ts'
import { type CcxtExchange, loadCcxtExchange } from '../../src/connectors/ccxt-module.ts'
import type { ConnectorFixture, EmulatedProvider } from '../../src/connectors/conformance/fixture.ts'
import type { ConnectorContext, SyncPage } from '../../src/connectors/connector.ts'
import { listen } from '../../src/connectors/emulator/listen.ts'
import {
  ConnectorBugError,
  RateLimitedError,
  ReauthError,
  RevokedError,
  TransientError,
} from '../../src/connectors/errors.ts'
import { readCoinbase, rowsOfEntry } from '../../src/connectors/exchange/coinbase.ts'
import { binanceFixture, fixture } from '../../src/connectors/exchange/fixture.ts'
import { readAnyExchange } from '../../src/connectors/exchange/other.ts'
import { assetOf, reportedBalances } from '../../src/connectors/exchange/transform.ts'
import { ledgerEntry } from '../../src/connectors/exchange/wire.ts'
import { createHttpClient } from '../../src/connectors/http-client.ts'
import type { JsonValue } from '../../src/connectors/json.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { RefusedError } from '../../src/errors.ts'
import type { Upsert } from '../../src/page.ts'

const { connector } = fixture
const noon = Date.parse('2025-06-18T12:00:00Z')
const day = 86_400_000
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Connected {
  emulated: EmulatedProvider
  clock: { now: number }
  /** Addresses and bodies of what was asked. */
  asked: { url: string; body: string }[]
  context(change?: {
    credentials?: object
    config?: object
    owner?: number
    signal?: AbortSignal
  }): ConnectorContext
  pull(cursor?: JsonValue, context?: ConnectorContext): Promise<SyncPage[]>
}

async function connect(from: ConnectorFixture, options: object = {}): Promise<Connected> {
  const clock = { now: noon }
  const emulated = from.start({ clock: () => new Date(clock.now), limits: false, ...options })
  const server = await listen(emulated.app)
  const transport = createTransport({ allowedHosts: [server.host] })
  closing.push(transport.close, server.close)
  const asked: Connected['asked'] = []
  const fetch: typeof globalThis.fetch = (url, request) => {
    asked.push({ url: String(url), body: String(request?.body ?? '') })
    return transport.fetch(url, request)
  }
  const context: Connected['context'] = (change = {}) => {
    const given = emulated.connection(server.url, change.owner ?? 0)
    const signal = change.signal ?? new AbortController().signal
    return {
      credentials: { ...(given.credentials as object), ...change.credentials },
      config: { ...(given.config as object), ...change.config },
      settings: undefined,
      http: createHttpClient({
        fetch,
        gate: { enter: async () => async () => {} },
        clock: () => new Date(clock.now),
        signal,
      }),
      clock: () => new Date(clock.now),
      signal,
      timeZone: 'UTC',
      log: { debug: () => {}, warn: () => {} },
      saveCredentials: async () => {},
    }
  }
  const pull: Connected['pull'] = (cursor = null, own = context()) => {
    const today = new Date(clock.now).toISOString().slice(0, 10)
    const from = new Date(clock.now - (cursor === null ? 5_500 : 10) * day).toISOString().slice(0, 10)
    return collect(connector.pull(own, { mode: 'incremental', cursor, window: { from, to: today } }))
  }
  return { emulated, clock, asked, context, pull }
}

async function collect(pages: AsyncIterable<SyncPage>): Promise<SyncPage[]> {
  const all: SyncPage[] = []
  for await (const page of pages) all.push(page)
  return all
}

function rowsOf(pages: SyncPage[]): Map<string, Upsert> {
  const rows = new Map<string, Upsert>()
  for (const change of pages.flatMap(({ changes }) => changes)) {
    if (change.type === 'upsert') rows.set(change.id, change)
  }
  return rows
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => new Error('nothing failed'),
    (error) => error,
  )
}

describe.each([
  ['Kraken', fixture],
  ['Binance', binanceFixture],
])('%s', (_name, each) => {
  test('keeps quantities of eighteen digits, and what is held is what the rows add up to', async () => {
    const { emulated, pull } = await connect(each)
    const pages = await pull()
    const rows = [...rowsOf(pages).values()]
    expect(rows.map(({ amount }) => amount)).toContain('0.012345678901234567')
    expect(rows.map(({ amount }) => amount)).toContain('0.000123456789012345')
    const sums = new Map<string, Big>()
    for (const { asset, amount, status } of rows)
      if (status === 'posted') sums.set(asset, (sums.get(asset) ?? new Big(0)).plus(amount))
    const balances = new Map(pages.at(-1)!.balances.map(({ asset, amount }) => [asset, amount]))
    expect(balances).toEqual(new Map([...sums].map(([asset, sum]) => [asset, sum.toFixed()])))
    expect(balances.get('ETH')).toBe(emulated.world.balances('main').get('ETH'))
    expect(pages.flatMap(({ problems }) => problems)).toEqual([])
  })

  test('makes two legs and a fee of a trade, under one group', async () => {
    const { pull } = await connect(each)
    const groups = new Map<string, Upsert[]>()
    for (const row of rowsOf(await pull()).values()) {
      if (row.group !== undefined) groups.set(row.group, [...(groups.get(row.group) ?? []), row])
    }
    const trades = [...groups.values()].filter((rows) => rows.some(({ kind }) => kind === 'trade'))
    expect(trades).toHaveLength(10)
    for (const rows of trades) {
      expect(rows.map(({ kind }) => kind).toSorted()).toEqual(['fee', 'trade', 'trade'])
      const cash = rows.filter(({ asset }) => asset.startsWith('USD'))
      const paid = cash.reduce((sum, { amount }) => sum.plus(amount), new Big(0)).toFixed()
      expect(['-741.307654319864', '-511.3168']).toContain(paid)
    }
    const payout = [...groups.values()].find((rows) => rows.some(({ kind }) => kind === 'withdrawal'))!
    expect(payout.map(({ kind, amount }) => `${kind} ${amount}`).toSorted()).toEqual([
      'fee -0.00015',
      'withdrawal -0.01',
    ])
  })

  test('refuses a secret that signs wrongly, and tells neither it nor the address', async () => {
    const { context } = await connect(each)
    const secret = Buffer.from('another secret altogether').toString('base64')
    const error = await failureOf(connector.check(context({ credentials: { secret } })))
    expectClean(error, [secret])
    expect(error).toBeInstanceOf(ReauthError)
  })

  test('loads the markets once for all connections', async () => {
    const { asked, context, pull } = await connect(each)
    await Promise.all([pull(null, context()), pull(null, context({ owner: 1 }))])
    await pull(null, context({ owner: 2 }))
    expect(asked.filter(({ url }) => /AssetPairs|exchangeInfo/.test(url))).toHaveLength(1)
  })

  test('throws what our own client threw, unchanged', async () => {
    const { emulated, context, clock } = await connect(each)
    await connector.check(context())
    emulated.faults.plan({ kind: 'status', status: 429, headers: { 'retry-after': '17' } })
    const limited = await failureOf(connector.check(context()))
    expect(limited).toBeInstanceOf(RateLimitedError)
    expect(limited).toMatchObject({ retryAt: new Date(clock.now + 17_000), scope: 'connection' })
    emulated.faults.plan({ kind: 'truncated' })
    expect(await failureOf(connector.check(context()))).toBeInstanceOf(TransientError)

    const stop = new AbortController()
    emulated.faults.plan({ kind: 'silence', when: 'before' })
    const waiting = failureOf(connector.check(context({ signal: stop.signal })))
    const reason = new Error('the worker stops')
    setImmediate(() => stop.abort(reason))
    expect(await waiting).toBe(reason)
    emulated.faults.clear()
  })
})

/** Whatever ccxt put into its own message stays there. */
function expectClean(error: Error, secrets: string[]): void {
  const told = [error.message, error.stack ?? '', String(error.cause ?? '')].join('\n')
  for (const secret of [
    ...secrets,
    'key-0',
    'signature=',
    'nonce=',
    '127.0.0.1/',
    '/0/private',
    '/api/v3/account?',
  ])
    expect(told).not.toContain(secret)
}

describe('errors', () => {
  test.each([
    ['EAPI:Invalid key', ReauthError],
    ['EGeneral:Permission denied', ReauthError],
    ['ETrade:User Locked', RevokedError],
    ['EAPI:Rate limit exceeded', RateLimitedError],
    ['EGeneral:Temporary lockout', RateLimitedError],
    ['EAPI:Invalid nonce', TransientError],
    ['EService:Unavailable', TransientError],
    ['EService:Market in cancel_only mode', TransientError],
    ['EGeneral:Something new key-0', ConnectorBugError],
  ])('Kraken’s "%s"', async (said, expected) => {
    const { emulated, context } = await connect(fixture)
    await connector.check(context())
    emulated.faults.plan({ kind: 'rewritten', rewrite: () => JSON.stringify({ error: [said] }) })
    const error = await failureOf(connector.check(context()))
    expect(error).toBeInstanceOf(expected)
    expectClean(error, [said])
  })

  test.each([
    [400, -1021, TransientError],
    [400, -1022, ReauthError],
    [401, -2015, ReauthError],
    [401, -2014, ReauthError],
    [429, -1003, RateLimitedError],
    [418, -1003, RateLimitedError],
    [403, 0, RateLimitedError],
    [500, -1000, TransientError],
    [503, 0, TransientError],
    [400, -1_234_567, ConnectorBugError],
  ])('Binance’s %i with %i', async (status, code, expected) => {
    const { emulated, context } = await connect(binanceFixture)
    await connector.check(context())
    const body = code === 0 ? '<html>key-0</html>' : JSON.stringify({ code, msg: 'said key-0' })
    emulated.faults.plan({ kind: 'status', status, body })
    const error = await failureOf(connector.check(context()))
    expect(error).toBeInstanceOf(expected)
    expectClean(error, [])
  })

  test('a key that is refused in the middle of a sync is refused, not limited', async () => {
    const { emulated, pull } = await connect(binanceFixture)
    const body = JSON.stringify({ code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' })
    emulated.faults.plan({ kind: 'status', status: 401, body }, 3)
    expect(await failureOf(pull())).toBeInstanceOf(ReauthError)
  })

  test('a secret that is no base64 signs nothing and asks nothing', async () => {
    const { asked, context } = await connect(fixture)
    await connector.check(context())
    const before = asked.length
    const secret = 'this is no base64!'
    const error = await failureOf(connector.check(context({ credentials: { secret } })))
    expect(error).toBeInstanceOf(ReauthError)
    expectClean(error, [secret])
    expect(asked).toHaveLength(before)
  })

  test('an answer without its parts is not taken for an empty one', async () => {
    const { emulated, context, pull } = await connect(fixture)
    await connector.check(context())
    emulated.faults.plan({ kind: 'rewritten', rewrite: () => '{"error":[]}' })
    expect(await failureOf(pull())).toBeInstanceOf(ConnectorBugError)
  })

  test('exchanges that are none, or tell no history, are refused in a sentence', async () => {
    const { context } = await connect(fixture)
    for (const exchange of ['nosuchexchange', 'base', 'pro'])
      expect(await failureOf(connector.check(context({ config: { exchange } })))).toBeInstanceOf(RefusedError)
    for (const exchange of ['../kraken', 'kraken.js', 'Kraken'])
      expect(connector.config.safeParse({ exchange }).success).toBe(false)
  })
})

describe('Kraken', () => {
  test('nonces rise within one millisecond, from sync to sync, and when the clock is set back', async () => {
    const { asked, clock, pull, context } = await connect(fixture, { pageSize: 5 })
    await pull()
    await pull({ since: clock.now - 1 })
    clock.now -= 60_000
    await connector.check(context())
    const nonces = asked
      .map(({ body }) => new URLSearchParams(body).get('nonce'))
      .filter((nonce) => nonce !== null)
      .map(Number)
    expect(nonces.length).toBeGreaterThan(15)
    expect(nonces).toEqual([...new Set(nonces)].toSorted((a, b) => a - b))
  })

  test('reads entries of one second to the last, though they are more than a page', async () => {
    const { emulated, pull } = await connect(fixture, { pageSize: 3, seeded: false })
    for (let index = 0; index < 11; index++)
      emulated.world.put({
        account: 'main',
        id: `L-${index}`,
        occurredAt: `2025-06-10T08:00:00.${String(100 + index * 50)}Z`,
        amount: '0.1',
        asset: 'ETH',
        kind: 'reward',
      })
    const pages = await pull()
    expect(rowsOf(pages).size).toBe(11)
    expect(pages.at(-1)!.balances).toMatchObject([{ asset: 'ETH', amount: '1.1', edge: 'now' }])
  })

  test('numbers that are not quoted keep their digits', async () => {
    const { emulated, context, pull } = await connect(fixture)
    await connector.check(context())
    for (let request = 0; request < 50; request++)
      emulated.faults.plan({
        kind: 'rewritten',
        rewrite: (body) => body.replace(/"(amount|fee|balance)":"([-\d.]+)"/g, '"$1":$2'),
      })
    const pages = await pull()
    expect([...rowsOf(pages).values()].map(({ amount }) => amount)).toContain('0.012345678901234567')
    const btc = pages.at(-1)!.balances.find(({ asset }) => asset === 'BTC')
    expect(btc?.amount).toBe(emulated.world.balances('main').get('BTC'))
  })

  test('one entry that cannot be read leaves the others, and takes nothing for gone', async () => {
    const { emulated, context, pull, clock } = await connect(fixture)
    await connector.check(context())
    emulated.faults.plan({
      kind: 'rewritten',
      rewrite: (body) => body.replace('"amount":"75.25"', '"amount":"a lot"'),
    })
    const pages = await pull({ since: clock.now - day })
    expect(pages.flatMap(({ problems }) => problems ?? [])).toHaveLength(1)
    expect(rowsOf(pages).size).toBeGreaterThan(1)
    expect(pages.flatMap(({ changes }) => changes).some(({ type }) => type === 'window-complete')).toBe(false)
  })

  test('a deposit that arrives takes the place of the pending one', async () => {
    const { emulated, pull, clock } = await connect(fixture)
    const pending = emulated.world.rows().find(({ status }) => status === 'pending')!
    expect(rowsOf(await pull()).get(`deposit:${pending.id}`)).toMatchObject({
      status: 'pending',
      amount: '0.050000000000000001',
    })
    emulated.world.remove('main', pending.id)
    emulated.world.put({ ...pending, id: 'L-1', status: 'posted', replaces: pending.id })
    expect(rowsOf(await pull({ since: clock.now })).get('L-1')).toMatchObject({
      status: 'posted',
      replaces: [`deposit:${pending.id}`],
    })
  })

  test('what earns interest is the asset that it is', () => {
    expect(['ETH.F', 'DOT.S', 'XBT.M', 'USD.B', 'AAPLx.T', 'BTC', '.S'].map(assetOf)).toEqual([
      'ETH',
      'DOT',
      'XBT',
      'USD',
      'AAPLx.T',
      'BTC',
      '.S',
    ])
    const totals = { ETH: '0.1', 'ETH.F': '1.000000000000000001', DOT: '0', BTC: '0', SOL: 'much' }
    const { balances, problems } = reportedBalances(totals, '2025-06-18', new Set(['BTC', 'ADA']))
    expect(balances.map(({ asset, amount }) => `${asset} ${amount}`)).toEqual([
      'BTC 0',
      'ADA 0',
      'ETH 1.100000000000000001',
    ])
    expect(problems).toHaveLength(1)
  })
})

describe('Binance', () => {
  test('reads no market again in which nothing moved', async () => {
    const { asked, emulated, pull } = await connect(binanceFixture)
    const { cursor } = (await pull()).at(-1)!
    const tradesAsked = () => asked.splice(0).filter(({ url }) => url.includes('/myTrades')).length
    expect(tradesAsked()).toBeGreaterThan(3)
    const again = (await pull(cursor)).at(-1)!
    expect(tradesAsked()).toBe(0)
    for (const [asset, amount] of [
      ['ETH', '1'],
      ['USDT', '-2500'],
    ])
      emulated.world.put({
        account: 'main',
        id: `new-${asset}`,
        occurredAt: new Date(noon - 1000).toISOString(),
        amount: amount!,
        asset: asset!,
        kind: 'trade',
        group: '900',
      })
    expect([...rowsOf(await pull(again.cursor)).keys()]).toContain('ETH/USDT:900:base')
  })

  test('a withdrawal keeps its id from pending to done, and goes where it failed', async () => {
    const { emulated, pull } = await connect(binanceFixture)
    const row = {
      account: 'main',
      id: 'payout-2',
      occurredAt: new Date(noon - 3_600_000).toISOString(),
      amount: '-100',
      asset: 'USDT',
      kind: 'withdrawal',
    }
    emulated.world.put({ ...row, status: 'pending' })
    const first = await pull()
    expect(rowsOf(first).get('withdrawal:payout-2')?.status).toBe('pending')
    emulated.world.put({ ...row, status: 'posted' })
    const second = await pull(first.at(-1)!.cursor)
    expect(rowsOf(second).get('withdrawal:payout-2')?.status).toBe('posted')
    for (let request = 0; request < 20; request++)
      emulated.faults.plan({
        kind: 'rewritten',
        rewrite: (body) => body.replace(/("id":"payout-2".*?"status":)6/, '$15'),
      })
    const third = await pull(second.at(-1)!.cursor)
    expect(third.flatMap(({ changes }) => changes)).toContainEqual({
      type: 'delete',
      account: 'main',
      id: 'withdrawal:payout-2',
    })
  })

  test('reads the markets that are named, and says which there are not', async () => {
    const { context, pull } = await connect(binanceFixture)
    const pages = await pull(null, context({ config: { symbols: ['BTC/USDT', 'NO/SUCH'] } }))
    expect(pages.flatMap(({ problems }) => problems ?? []).map(({ message }) => message)).toEqual([
      'the exchange has no market NO/SUCH',
    ])
    const trades = [...rowsOf(pages).keys()].filter((id) => id.includes('/'))
    expect(trades.length).toBe(15)
    expect(trades.every((id) => id.startsWith('BTC/USDT:'))).toBe(true)
  })
})

/** An exchange that answers from memory, parsing as ccxt does. */
async function answering(id: string, answers: object): Promise<CcxtClient> {
  const { Exchange } = await loadCcxtExchange(id)
  const exchange = Object.assign(new Exchange({}), { number: String }, answers) as CcxtExchange
  return { exchange, call: (ask) => ask(exchange) }
}

describe('Coinbase', () => {
  const sent = {
    id: 'tx-1',
    type: 'send',
    status: 'completed',
    amount: { amount: '-0.012345678901234567', currency: 'BTC' },
    created_at: '2025-06-10T08:00:00Z',
    resource_path: '/v2/accounts/wallet-btc/transactions/tx-1',
    network: { transaction_fee: { amount: '0.0001', currency: 'BTC' } },
  }
  const fill = (id: string, amount: string, currency: string) => ({
    id,
    type: 'advanced_trade_fill',
    status: 'completed',
    amount: { amount, currency },
    created_at: '2025-06-11T08:00:00Z',
    advanced_trade_fill: { order_id: 'order-1', commission: '1.5', product_id: 'BTC-USD', order_side: 'buy' },
  })

  test('an entry moves its amount, the fee being in it', async () => {
    const { exchange } = await answering('coinbase', {})
    const entry = ledgerEntry.parse(exchange.parseLedgerEntry(sent))
    expect(rowsOfEntry(entry, 'wallet-btc')).toEqual([
      {
        type: 'upsert',
        account: 'wallet-btc',
        id: 'tx-1',
        bookedOn: '2025-06-10',
        occurredAt: '2025-06-10T08:00:00.000Z',
        amount: '-0.012345678901234567',
        asset: 'BTC',
        kind: 'withdrawal',
        status: 'posted',
        group: 'tx-1',
      },
    ])
  })

  test('reads wallet by wallet, ties the legs of an order, and goes on where it stopped', async () => {
    const asked: Record<string, string>[] = []
    const history: Record<string, object[]> = {
      'wallet-btc': [fill('f-1', '0.1', 'BTC'), sent, { ...sent, id: 'tx-0', status: 'failed' }],
      'wallet-usd': [fill('f-2', '-4001.5', 'USD')],
    }
    const client = await answering('coinbase', {
      v2PrivateGetAccounts: async () => ({
        data: [
          { id: 'wallet-usd', name: 'Cash', balance: { amount: '10.50', currency: 'USD' } },
          {
            id: 'wallet-btc',
            name: 'BTC Wallet',
            balance: { amount: '0.087654321098765433', currency: 'BTC' },
          },
          { id: 'broken' },
        ],
        pagination: {},
      }),
      v2PrivateGetAccountsAccountIdTransactions: async (params: Record<string, string>) => {
        asked.push(params)
        const all = history[params.account_id!]!
        const start = params.starting_after === undefined ? 0 : Number(params.starting_after)
        const next = start + 2 < all.length ? String(start + 2) : null
        return { data: all.slice(start, start + 2), pagination: { next_starting_after: next } }
      },
    })
    const reading = { client, from: '2010-01-01', now: new Date(noon), symbols: undefined }
    const pages = await collect(readCoinbase({ ...reading, cursor: null }))
    const rows = rowsOf(pages)
    expect([...rows.keys()].toSorted()).toEqual(['f-1', 'f-2', 'tx-1'])
    expect([rows.get('f-1')?.group, rows.get('f-2')?.group]).toEqual(['order-1', 'order-1'])
    expect(pages.flatMap(({ changes }) => changes).filter(({ type }) => type === 'delete')).toHaveLength(1)
    expect(
      pages.flatMap(({ balances }) => balances).map(({ account, amount }) => `${account} ${amount}`),
    ).toEqual(['wallet-btc 0.087654321098765433', 'wallet-usd 10.5'])
    expect(pages.flatMap(({ problems }) => problems ?? [])).toHaveLength(1)
    expect(pages.at(-1)?.cursor).toEqual({ since: noon })

    asked.length = 0
    await collect(readCoinbase({ ...reading, cursor: pages[0]!.cursor }))
    expect(
      asked.map(({ account_id, starting_after }) => `${account_id} ${starting_after ?? 'first'}`),
    ).toEqual(['wallet-btc 2', 'wallet-usd first'])
  })
})

describe('any other exchange', () => {
  const at = (hour: number) => Date.parse('2025-06-10T00:00:00Z') + hour * 3_600_000
  const entry = (id: string, timestamp: number, more: object = {}) => ({
    id,
    timestamp,
    direction: 'in',
    currency: 'ETH',
    amount: '1.000000000000000001',
    type: 'transaction',
    status: 'ok',
    info: {},
    fee: { cost: '0.1', currency: 'ETH' },
    ...more,
  })

  test('reads its ledger forward, and the fee by itself only where it is not in the amount', async () => {
    const entries = [
      entry('a', at(1)),
      entry('b', at(2), { before: '0', after: '0.900000000000000001' }),
      entry('c', at(3), { before: '0', after: '1.000000000000000001' }),
    ]
    const client = await answering('okx', {
      fetchLedger: async (_code: undefined, since: number) =>
        entries.filter(({ timestamp }) => timestamp >= since).slice(0, 2),
      fetchBalance: async () => ({ total: { ETH: '2.9' } }),
    })
    const reading = { client, cursor: null, from: '2025-06-01', now: new Date(noon), symbols: undefined }
    const pages = await collect(readAnyExchange(reading))
    expect([...rowsOf(pages).keys()]).toEqual(['a', 'b', 'b:fee', 'c'])
    expect(pages.at(-1)).toMatchObject({
      cursor: { ledger: noon },
      balances: [{ asset: 'ETH', amount: '2.9' }],
    })
  })
})

test('one exchange of ccxt keeps a fraction of the memory that all of them would', async () => {
  const module = fileURLToPath(new URL('../../src/connectors/ccxt-module.ts', import.meta.url))
  const kept = async (load: string) => {
    // What stays after a collection: resident memory depends on who compiles.
    const script = `
      const used = () => { gc(); return process.memoryUsage().heapUsed }
      const before = used()
      const loaded = ${load}
      console.log((used() - before) / 2 ** 20, typeof loaded)`
    const node = ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, node)
    return Number.parseFloat(stdout)
  }
  const one = await kept(`await (await import(${JSON.stringify(module)})).loadCcxtExchange('kraken')`)
  const all = await kept(`await import('ccxt')`)
  expect(one).toBeGreaterThan(1)
  expect(one).toBeLessThan(20)
  expect(all).toBeGreaterThan(2 * one)
})
