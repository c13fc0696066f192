import { afterEach, expect, test } from 'vitest'
import type { ConnectorContext, SyncPage } from '../../src/connectors/connector.ts'
import { startKrakenPrices } from '../../src/connectors/crypto-prices/emulator.ts'
import { connector } from '../../src/connectors/crypto-prices/index.ts'
import { listen } from '../../src/connectors/emulator/listen.ts'
import { ConnectorBugError, RateLimitedError, TransientError } from '../../src/connectors/errors.ts'
import { createHttpClient } from '../../src/connectors/http-client.ts'
import type { JsonValue } from '../../src/connectors/json.ts'
import { createTransport } from '../../src/connectors/transport.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function connect(pageSize?: number) {
  const clock = { now: Date.parse('2025-06-18T00:20:00Z') }
  const emulated = startKrakenPrices({
    clock: () => new Date(clock.now),
    limits: false,
    ...(pageSize !== undefined && { pageSize }),
    pairs: [
      ['BTC', 'USD'],
      ['ETH', 'EUR'],
    ],
    enforced: [],
  })
  const server = await listen(emulated.app)
  const transport = createTransport({ allowedHosts: [server.host] })
  closing.push(transport.close, server.close)
  const signal = new AbortController().signal
  const asked: string[] = []
  const http = createHttpClient({
    fetch: (url, request) => {
      asked.push(String(url))
      return transport.fetch(url, request)
    },
    gate: { enter: async () => async () => {} },
    clock: () => new Date(clock.now),
    signal,
  })
  const context = (config: object = {}): ConnectorContext => ({
    credentials: {},
    config: connector.config.parse({ baseUrl: server.url, pairs: ['BTC/USD', 'ETH/EUR'], ...config }),
    settings: undefined,
    http,
    clock: () => new Date(clock.now),
    signal,
    timeZone: 'UTC',
    log: { debug: () => {}, warn: () => {} },
    saveCredentials: async () => {},
  })
  const pull = async (cursor: JsonValue = null, config: object = {}): Promise<SyncPage[]> => {
    const window = { from: '2010-01-01', to: '2025-06-18' }
    const pages: SyncPage[] = []
    for await (const page of connector.pull(context(config) as never, {
      mode: 'incremental',
      cursor,
      window,
    }))
      pages.push(page)
    return pages
  }
  const put = (asset: string, currency: string, day: string, price: string) =>
    emulated.world.putPrice({ asset, currency, day, price })
  return { emulated, clock, asked, context, pull, put }
}

const pricesOf = (pages: SyncPage[]) =>
  pages
    .flatMap(({ prices }) => prices ?? [])
    .map(({ asset, currency, day, price }) => `${day} ${asset}/${currency} ${price}`)

test('tells the closes of days that have ended, to the last digit', async () => {
  const { put, pull } = await connect()
  put('BTC', 'USD', '2025-06-16', '65000.123456789012345678')
  put('BTC', 'USD', '2025-06-17', '0.000000012345678901')
  put('BTC', 'USD', '2025-06-18', '66000')
  put('ETH', 'EUR', '2025-06-17', '3000.10')
  expect(pricesOf(await pull())).toEqual([
    '2025-06-16 BTC/USD 65000.123456789012345678',
    '2025-06-17 BTC/USD 0.000000012345678901',
    '2025-06-17 ETH/EUR 3000.1',
  ])
})

test('numbers that are not quoted keep their digits, exponents included', async () => {
  const { emulated, put, pull, context } = await connect()
  await connector.check(context() as never)
  put('BTC', 'USD', '2025-06-16', '65000.123456789012345678')
  put('BTC', 'USD', '2025-06-17', '1.2345678901234567891e-7')
  for (let request = 0; request < 4; request++)
    emulated.faults.plan({
      kind: 'rewritten',
      rewrite: (body) => body.replace(/"(\d[\d.e-]*)"(?=[,\]])/g, '$1'),
    })
  expect(pricesOf(await pull())).toEqual([
    '2025-06-16 BTC/USD 65000.123456789012345678',
    '2025-06-17 BTC/USD 0.00000012345678901234567891',
  ])
})

test('goes on from the last day, reading a week again, and backfills as far as the exchange gives', async () => {
  const { put, pull, clock } = await connect()
  const days = Array.from({ length: 800 }, (_, index) =>
    new Date(clock.now - (800 - index) * 86_400_000).toISOString().slice(0, 10),
  )
  for (const day of days) put('BTC', 'USD', day, '1')
  const first = await pull()
  expect(pricesOf(first)).toHaveLength(720)
  expect(first.at(-1)!.cursor).toMatchObject({ through: { 'BTC/USD': '2025-06-17' } })
  clock.now += 86_400_000
  put('BTC', 'USD', '2025-06-18', '2')
  const second = pricesOf(await pull(first.at(-1)!.cursor))
  expect([second[0], second.at(-1), second.length]).toEqual([
    '2025-06-10 BTC/USD 1',
    '2025-06-18 BTC/USD 2',
    9,
  ])
})

test('a coin that is younger than the history is found all the same, a page at a time', async () => {
  const { put, pull } = await connect(2)
  for (const day of ['2025-06-13', '2025-06-14', '2025-06-15', '2025-06-16', '2025-06-17'])
    put('ETH', 'EUR', day, '5')
  const pages = await pull()
  expect(pricesOf(pages)).toHaveLength(5)
  const cursors = pages.map(({ cursor }) => JSON.stringify(cursor))
  expect(new Set(cursors).size).toBe(cursors.length)
})

test('a pair that the exchange does not list is told, and the others go on', async () => {
  const { put, pull, context } = await connect()
  put('ETH', 'EUR', '2025-06-17', '3000')
  const pages = await pull(null, { pairs: ['NO/SUCH', 'ETH/EUR'] })
  expect(pricesOf(pages)).toEqual(['2025-06-17 ETH/EUR 3000'])
  expect(pages.flatMap(({ problems }) => problems ?? [])).toEqual([
    { message: 'Kraken does not list NO/SUCH' },
  ])
  const alone = connector.check(context({ pairs: ['NO/SUCH'] }) as never)
  await expect(alone).rejects.toBeInstanceOf(ConnectorBugError)
})

test('a candle that cannot be read leaves the others', async () => {
  const { emulated, put, pull, context } = await connect()
  await connector.check(context() as never)
  put('BTC', 'USD', '2025-06-16', '111')
  put('BTC', 'USD', '2025-06-17', '222')
  emulated.faults.plan({ kind: 'rewritten', rewrite: (body) => body.replaceAll('"111"', '"a lot"') })
  const pages = await pull()
  expect(pricesOf(pages)).toEqual(['2025-06-17 BTC/USD 222'])
  expect(pages.flatMap(({ problems }) => problems ?? [])).toHaveLength(1)
})

test('what Kraken says in a 200 is the error that it is', async () => {
  const { emulated, pull, context } = await connect()
  await connector.check(context() as never)
  emulated.faults.plan({ kind: 'rewritten', rewrite: () => '{"error":["EGeneral:Too many requests"]}' })
  await expect(pull()).rejects.toBeInstanceOf(RateLimitedError)
  emulated.faults.plan({ kind: 'rewritten', rewrite: () => '{"error":[]}' })
  await expect(pull()).rejects.toBeInstanceOf(ConnectorBugError)
})

test.each([401, 403])('a firewall’s %i is nobody’s refusal', async (status) => {
  const { emulated, pull } = await connect()
  emulated.faults.plan({ kind: 'status', status, body: '<html>Access denied</html>' })
  await expect(pull()).rejects.toThrow(TransientError)
})
