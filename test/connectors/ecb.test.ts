import { afterEach, describe, expect, test } from 'vitest'
import { fixture } from '../../src/connectors/ecb/fixture.ts'
import { connector } from '../../src/connectors/ecb/index.ts'
import { priceOf } from '../../src/connectors/ecb/transform.ts'
import { readRates } from '../../src/connectors/ecb/wire.ts'
import { listen } from '../../src/connectors/emulator/listen.ts'
import { ConnectorBugError, TransientError } from '../../src/connectors/errors.ts'
import { createHttpClient } from '../../src/connectors/http-client.ts'
import type { JsonValue } from '../../src/connectors/json.ts'
import { type CheckedPage, checkPages } from '../../src/connectors/pull.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { parseDecimal } from '../../src/decimal.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** The bank's files over HTTP; `now` is everybody's clock. Wednesday afternoon, an hour behind the day's rates. */
async function bank({ now = '2026-03-11T16:30:00Z', seeded = true } = {}) {
  const time = { now: new Date(now) }
  const clock = () => time.now
  const provider = fixture.start({ clock, seeded })
  const server = await listen(provider.app)
  const transport = createTransport({ allowedHosts: [server.host] })
  closing.push(async () => {
    await transport.close()
    await server.close()
  })
  const { signal } = new AbortController()
  const gate = { enter: async () => async () => {} }
  const context: Parameters<typeof connector.pull>[0] = {
    credentials: {},
    config: connector.config.parse(provider.connection(server.url).config),
    settings: undefined,
    http: createHttpClient({ fetch: transport.fetch, gate, clock, signal }),
    clock,
    signal,
    timeZone: 'UTC',
    log: { debug: () => {}, warn: () => {} },
    saveCredentials: async () => {},
  }
  const pull = async (cursor: JsonValue): Promise<CheckedPage[]> => {
    const window = { from: '1999-01-04', to: '2026-03-12' }
    const pages: CheckedPage[] = []
    for await (const page of checkPages(connector.pull(context, { mode: 'incremental', cursor, window })))
      pages.push(page)
    return pages
  }
  const asked = () => provider.traffic.requests().map(({ path }) => path.replace(/^.*-/, ''))
  return { ...provider, context, pull, time, asked }
}

const daysOf = (pages: CheckedPage[]) =>
  [...new Set(pages.flatMap(({ prices }) => prices.map(({ day }) => day)))].toSorted()

/** As the bank writes its file, with a correction and a currency that came later. */
const sample = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<Cube>
		<Cube time='2024-06-14'>
			<Cube currency='USD' rate='1.0686'/>
			<Cube currency='JPY' rate="168.30"/>
			<Cube currency='ISK' rate='N/A'/>
		</Cube>
		<Cube time='2024-06-13'><Cube currency='USD' rate='1.0784'/></Cube>
	</Cube>
</gesmes:Envelope>`

describe('a file of rates', () => {
  test('says what one euro costs', () => {
    const prices = [...readRates(sample)].flat().map(priceOf)
    expect(prices).toEqual([
      { asset: 'EUR', currency: 'USD', day: '2024-06-14', price: '1.0686' },
      { asset: 'EUR', currency: 'JPY', day: '2024-06-14', price: '168.3' },
      undefined,
      { asset: 'EUR', currency: 'USD', day: '2024-06-13', price: '1.0784' },
    ])
  })

  test('a faulty rate is a problem, and none is given to another day', () => {
    const faulty = sample
      .replace("currency='USD' rate='1.0686'", "currency='USD' rate='1,07'")
      .replace("<Cube time='2024-06-13'>", '<Cube>')
    expect([...readRates(faulty)].flat().map(priceOf)).toEqual([
      { message: 'the rate of "USD" on "2024-06-14": "1,07" is not a decimal number above zero', row: true },
      { asset: 'EUR', currency: 'JPY', day: '2024-06-14', price: '168.3' },
      undefined,
      { message: 'the rate of "USD" on "": its day is none', row: true },
    ])
  })

  test.each(['0', '-1.5', '0.00', 'abc'])('%s is no price', (rate) => {
    expect(priceOf({ day: '2024-06-14', currency: 'USD', rate })).toHaveProperty('message')
  })

  test('one that is cut off is not whole', () => {
    for (let length = 1; length < sample.length; length += 7)
      expect(() => [...readRates(sample.slice(0, length))]).toThrow(TransientError)
  })
})

describe('pull', () => {
  test('without a cursor everything comes, once', async () => {
    const { pull, world, asked } = await bank()
    const pages = await pull(null)
    expect(asked()).toEqual(['hist.xml'])
    expect(pages.flatMap(({ prices }) => prices)).toHaveLength(150 * 5)
    const told = world.prices().map((quote) => ({ ...quote, price: parseDecimal(quote.price) }))
    expect(new Set(pages.flatMap(({ prices }) => prices))).toEqual(new Set(told))
    expect(pages.at(-1)).toMatchObject({ cursor: { through: '2026-03-11' }, groupEnd: true, problems: [] })
  })

  test('a long history comes in pages of one group', async () => {
    const { pull, world } = await bank()
    for (let n = 0; n < 12_000; n++) {
      const day = new Date(Date.UTC(1999, 0, 4 + n / 2)).toISOString().slice(0, 10)
      world.putPrice({ asset: 'EUR', currency: n % 2 === 0 ? 'USD' : 'GBP', day, price: `1.${n + 1}` })
    }
    const pages = await pull(null)
    expect(pages.map(({ prices, groupEnd }) => [prices.length, groupEnd])).toEqual([
      [5_000, false],
      [5_000, false],
      [12_750 - 10_000, true],
    ])
    expect(new Set(pages.flatMap(({ prices }) => prices)).size).toBe(world.prices().length)
  })

  test('the next day brings itself, and corrections of the days before', async () => {
    const { pull, world, time, asked } = await bank()
    const cursor = (await pull(null)).at(-1)!.cursor
    world.putPrice({ asset: 'EUR', currency: 'USD', day: '2026-03-09', price: '1.5' })
    world.putPrice({ asset: 'EUR', currency: 'USD', day: '2026-03-12', price: '1.6' })
    time.now = new Date('2026-03-12T14:59:00Z')
    expect(daysOf(await pull(cursor)).at(-1)).toBe('2026-03-11')
    time.now = new Date('2026-03-12T15:30:00Z')
    const pages = await pull(cursor)
    expect(daysOf(pages)).toEqual([
      '2026-03-04',
      '2026-03-05',
      '2026-03-06',
      '2026-03-09',
      '2026-03-10',
      '2026-03-11',
      '2026-03-12',
    ])
    expect(pages.flatMap(({ prices }) => prices).filter(({ price }) => price.length === 3)).toEqual([
      { asset: 'EUR', currency: 'USD', day: '2026-03-12', price: '1.6' },
      { asset: 'EUR', currency: 'USD', day: '2026-03-09', price: '1.5' },
    ])
    expect(pages.at(-1)!.cursor).toEqual({ through: '2026-03-12' })
    expect(asked().slice(1)).toEqual(['90d.xml', '90d.xml'])
  })

  test.each([
    [{ through: '2026-03-11' }, 'daily.xml', '2026-03-11'],
    [{ through: '2026-03-10' }, '90d.xml', '2026-03-03'],
    [{ through: '2025-12-17' }, '90d.xml', '2025-12-11'],
    [{ through: '2025-12-16' }, 'hist.xml', '2025-12-09'],
    [{ through: '2026-03-12' }, 'hist.xml', '2025-08-14'],
    [{ through: 'garbage' }, 'hist.xml', '2025-08-14'],
    ['x', 'hist.xml', '2025-08-14'],
    [[], 'hist.xml', '2025-08-14'],
  ] as [JsonValue, string, string][])('with the cursor %j it asks for %s', async (cursor, file, first) => {
    const { pull, asked } = await bank()
    const pages = await pull(cursor)
    expect(asked()).toEqual([file])
    expect(daysOf(pages)[0]).toBe(first)
    expect(daysOf(pages).at(-1)).toBe('2026-03-11')
    expect(pages.at(-1)!.cursor).toEqual({ through: '2026-03-11' })
  })

  test('on days without rates the newest stays the newest', async () => {
    const { pull, time } = await bank()
    time.now = new Date('2026-03-15T16:30:00Z')
    expect((await pull({ through: '2026-03-11' })).at(-1)!.cursor).toEqual({ through: '2026-03-11' })
  })

  test('a faulty rate does not take the others with it', async () => {
    const { pull, faults } = await bank()
    faults.plan({
      kind: 'rewritten',
      rewrite: (xml) => xml.replace(/currency='GBP' rate='[\d.]+'/, "currency='GBP' rate='?'"),
    })
    const pages = await pull(null)
    expect(pages.flatMap(({ prices }) => prices)).toHaveLength(150 * 5 - 1)
    expect(pages.flatMap(({ problems }) => problems)).toEqual([
      { message: 'the rate of "GBP" on "2026-03-11": "?" is not a decimal number above zero' },
    ])
  })

  test.each([401, 403])('a firewall’s %i is nobody’s refusal', async (status) => {
    const { pull, faults } = await bank()
    faults.plan({ kind: 'status', status, body: '<html>Access denied</html>' })
    await expect(pull(null)).rejects.toThrow(TransientError)
  })

  test('a file that breaks off, and one without rates, are no end of a group', async () => {
    const { pull, faults, context } = await bank()
    faults.plan({ kind: 'truncated' })
    await expect(pull(null)).rejects.toThrow(TransientError)
    const empty = { kind: 'rewritten' as const, rewrite: () => '<html><body>Sorry</body></html>' }
    faults.plan(empty)
    await expect(pull(null)).rejects.toThrow(ConnectorBugError)
    faults.plan(empty)
    await expect(connector.check(context)).rejects.toThrow('eurofxref-daily.xml holds no rates')
    expect(await connector.check(context)).toEqual({ name: 'European Central Bank' })
  })
})
