import fc from 'fast-check'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { createFaults, type Faults, type TransportFault } from '../../src/connectors/emulator/faults.ts'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import { countTraffic } from '../../src/connectors/emulator/traffic.ts'
import { createWorld } from '../../src/connectors/emulator/world.ts'
import { ConnectorBugError, RateLimitedError, TransientError } from '../../src/connectors/errors.ts'
import { createHttpClient, type HttpClient } from '../../src/connectors/http-client.ts'
import { createTransport } from '../../src/connectors/transport.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close()
})

describe('Traffic', () => {
  const per = 10_000
  /** Milliseconds between two requests, long gaps among them. */
  const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 25_000 })), {
    minLength: 1,
    maxLength: 40,
  })
  const limit = fc.record({
    max: fc.integer({ min: 1, max: 5 }),
    per: fc.constantFrom(per, 4_000),
    kind: fc.constantFrom('sliding' as const, 'fixed' as const),
  })

  test('refuses exactly what is beyond its limits, and says until when', async () => {
    await fc.assert(
      fc.asyncProperty(gaps, fc.array(limit, { minLength: 1, maxLength: 2 }), async (waits, limits) => {
        let now = Date.parse('2026-01-01T00:00:00Z')
        const traffic = countTraffic({ clock: () => new Date(now), limits })
        const app = new Hono().use(traffic.middleware).get('/', (context) => context.text('ok'))
        const accepted: number[] = []
        /** Counted by looking at everything that was let in. */
        const isFull = (at: number) =>
          limits.some(({ max, per, kind }) => {
            const inside = accepted.filter((each) =>
              kind === 'sliding' ? each > at - per : Math.floor(each / per) === Math.floor(at / per),
            )
            return inside.length >= max
          })
        for (const wait of waits) {
          now += wait
          const response = await app.request('/')
          expect(response.status).toBe(isFull(now) ? 429 : 200)
          if (response.status === 200) accepted.push(now)
          else {
            const seconds = Number(response.headers.get('retry-after'))
            expect(isFull(now + seconds * 1000)).toBe(false)
            expect(isFull(now + (seconds - 1) * 1000)).toBe(true)
          }
        }
        expect(traffic.requests()).toHaveLength(waits.length)
        expect(traffic.requests().filter(({ status }) => status === 200)).toHaveLength(accepted.length)
      }),
      { numRuns: 150 },
    )
  })

  test('finds the fullest stretch', async () => {
    await fc.assert(
      fc.asyncProperty(gaps, async (waits) => {
        let now = 0
        const traffic = countTraffic({ clock: () => new Date(now) })
        const app = new Hono().use(traffic.middleware).get('/', (context) => context.text('ok'))
        const times: number[] = []
        for (const wait of waits) {
          now += wait
          times.push(now)
          await app.request('/')
        }
        const fullest = Math.max(...times.map((to) => times.filter((at) => at > to - per && at <= to).length))
        expect(traffic.mostWithin(per)).toBe(fullest)
      }),
      { numRuns: 100 },
    )
  })

  test('counts each scope by itself, and all requests together', async () => {
    const traffic = countTraffic({
      clock: () => new Date(0),
      limits: [{ max: 2, per, kind: 'sliding' }],
      scopeOf: (request) => request.headers.get('x-key') ?? '',
    })
    const app = new Hono().use(traffic.middleware).post('/things', (context) => context.text('no', 418))
    const statuses: number[] = []
    for (const key of ['a', 'b', 'a', 'a', 'b', 'b'])
      statuses.push((await app.request('/things', { method: 'POST', headers: { 'x-key': key } })).status)
    expect(statuses).toEqual([418, 418, 418, 429, 418, 429])
    expect(traffic.requests().map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual(
      statuses.map((status) => `POST /things ${status}`),
    )
    expect(traffic.mostWithin(1)).toBe(6)
  })
})

describe('Faults', () => {
  interface Bench {
    faults: Faults
    server: ListeningEmulator
    client: HttpClient
    /** How often the provider acted. */
    acted(): number
    body(): Promise<unknown>
  }

  async function bench(timeout = 5_000): Promise<Bench> {
    const faults = createFaults()
    let acted = 0
    const app = new Hono().use(faults.middleware).get('/', (context) => {
      acted++
      return context.json({ rows: ['a', 'b', 'c'] }, 200, { 'x-kept': 'yes' })
    })
    app.get('/refused', (context) => context.json({ error: 'limited' }, 429))
    const server = await listen(app)
    const transport = createTransport({ allowedHosts: [server.host] })
    opened.push(server, transport)
    const client = createHttpClient({
      fetch: transport.fetch,
      gate: { enter: async () => async () => {} },
      clock: () => new Date(0),
      signal: new AbortController().signal,
      timeout,
    })
    const body = async () => (await client.request(server.url)).json()
    return { faults, server, client, acted: () => acted, body }
  }

  const whole = { rows: ['a', 'b', 'c'] }

  test.each<[string, TransportFault, object, number]>([
    ['a status', { kind: 'status', status: 503 }, TransientError, 0],
    [
      'a status with headers',
      { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
      RateLimitedError,
      0,
    ],
    ['silence before', { kind: 'silence', when: 'before' }, TransientError, 0],
    ['silence after', { kind: 'silence', when: 'after' }, TransientError, 1],
    ['a reset before', { kind: 'reset', when: 'before' }, TransientError, 0],
    ['a reset after', { kind: 'reset', when: 'after' }, TransientError, 1],
    ['a truncated answer', { kind: 'truncated' }, TransientError, 1],
    ['an oversized answer', { kind: 'oversized', bytes: 40 * 1024 * 1024 }, ConnectorBugError, 0],
  ])('%s arrives as what it is, and once', async (_name, fault, type, times) => {
    const { faults, body, acted } = await bench(fault.kind === 'silence' ? 100 : 5_000)
    faults.plan(fault)
    await expect(body()).rejects.toBeInstanceOf(type)
    expect([faults.met(), acted()]).toEqual([1, times])
    expect(await body()).toEqual(whole)
    expect([faults.met(), acted()]).toEqual([1, times + 1])
  })

  test('a status brings its headers and its body', async () => {
    const { faults, server, client } = await bench()
    faults.plan({ kind: 'status', status: 429, headers: { 'retry-after': '7' }, body: 'slower' })
    const error = await client
      .request(server.url, { errorOf: ({ text }) => new Error(text) })
      .catch((reason: Error) => reason)
    expect(error).toMatchObject({ message: 'slower' })
    faults.plan({ kind: 'status', status: 429, headers: { 'retry-after': '7' } })
    await expect(client.request(server.url)).rejects.toMatchObject({ retryAt: new Date(7_000) })
  })

  test('silence ends when the asking side gives up', async () => {
    let ended = 0
    const faults = createFaults()
    const app = new Hono()
      .use(async (_context, next) => {
        await next()
        ended++
      })
      .use(faults.middleware)
    const server = await listen(app)
    opened.push(server)
    faults.plan({ kind: 'silence', when: 'before' })
    const controller = new AbortController()
    const asked = fetch(server.url, { signal: controller.signal }).catch((error: Error) => error.name)
    await expect.poll(() => faults.met()).toBe(1)
    expect(ended).toBe(0)
    controller.abort()
    expect(await asked).toBe('AbortError')
    await expect.poll(() => ended).toBe(1)
  })

  test('a reset is a connection that broke, in the middle of an answer', async () => {
    const { faults, server } = await bench()
    faults.plan({ kind: 'reset', when: 'before' })
    const response = await fetch(server.url)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
  })

  test('a truncated answer is the first half of it, and keeps its headers', async () => {
    const { faults, server } = await bench()
    faults.plan({ kind: 'truncated' })
    const response = await fetch(server.url)
    const text = JSON.stringify(whole)
    expect(await response.text()).toBe(text.slice(0, Math.floor(text.length / 2)))
    expect(response.headers.get('x-kept')).toBe('yes')
  })

  test('an answer is rewritten, with its headers and its status', async () => {
    const { faults, server, client, body } = await bench()
    faults.plan({ kind: 'rewritten', rewrite: (text) => text.replace('"b"', '12.50') })
    expect(await body()).toEqual({ rows: ['a', '12.50', 'c'] })
    faults.plan({ kind: 'rewritten', rewrite: () => '{}' })
    await expect(client.request(`${server.url}/refused`)).rejects.toBeInstanceOf(RateLimitedError)
  })

  test('faults are met in the order they were planned, each behind what it skips', async () => {
    const { faults, body } = await bench()
    faults.plan({ kind: 'status', status: 500 }, 1)
    faults.plan({ kind: 'status', status: 429 })
    faults.plan({ kind: 'truncated' }, 2)
    const seen: string[] = []
    for (let request = 0; request < 7; request++)
      seen.push(
        await body().then(
          () => 'ok',
          (error: Error) => error.name,
        ),
      )
    expect(seen).toEqual(['ok', 'TransientError', 'RateLimitedError', 'ok', 'ok', 'TransientError', 'ok'])
    faults.plan({ kind: 'status', status: 500 })
    faults.clear()
    expect(await body()).toEqual(whole)
    expect(faults.met()).toBe(3)
  })
})

describe('listen', () => {
  test('is on loopback, on a port of its own, until it is closed', async () => {
    const app = new Hono().get('/', (context) => context.text(new URL(context.req.url).host))
    const server = await listen(app)
    const other = await listen(app)
    opened.push(other)
    expect(server.url).toBe(`http://${server.host}`)
    expect(server.host).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(other.host).not.toBe(server.host)
    expect(await (await fetch(server.url)).text()).toBe(server.host)
    await server.close()
    await expect(fetch(server.url)).rejects.toThrow()
  })

  test('fails where the port is taken', async () => {
    const server = await listen(new Hono())
    opened.push(server)
    await expect(listen(new Hono(), Number(server.host.split(':')[1]))).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  test('closes while someone waits for an answer', async () => {
    let arrived = false
    const app = new Hono().get('/', () => {
      arrived = true
      return new Promise<Response>(() => {})
    })
    const server = await listen(app)
    const asked = fetch(server.url).catch(() => 'broken off')
    await expect.poll(() => arrived).toBe(true)
    await server.close()
    expect(await asked).toBe('broken off')
  })
})

describe('World', () => {
  const row = (id: string, amount: string, more = {}) => ({
    account: 'a',
    id,
    occurredAt: '2026-01-02T03:04:05Z',
    amount,
    ...more,
  })

  test('balances are what was there first and all that was posted since, exactly', () => {
    const cents = fc.integer({ min: -1e9, max: 1e9 })
    fc.assert(
      fc.property(
        cents,
        fc.array(fc.tuple(cents, fc.constantFrom('posted', 'pending'))),
        (first, changes) => {
          const world = createWorld()
          world.openAccount({ id: 'a', name: 'A', kind: 'checking', asset: 'EUR' })
          world.setOpening('a', 'EUR', decimal(first))
          let sum = BigInt(first)
          for (const [index, [amount, status]] of changes.entries()) {
            world.put(row(`${index}`, decimal(amount), { status }))
            if (status === 'posted') sum += BigInt(amount)
          }
          expect([...world.balances('a')]).toEqual([['EUR', decimal(sum)]])
        },
      ),
    )
  })

  test('an asset of nothing is left out, unless it is the account’s own', () => {
    const world = createWorld()
    world.openAccount({ id: 'a', name: 'A', kind: 'crypto', asset: 'EUR' })
    world.put(row('1', '0.1', { asset: 'BTC' }))
    world.put(row('2', '-0.1', { asset: 'BTC' }))
    world.put(row('3', '5', { asset: 'ETH' }))
    expect([...world.balances('a')]).toEqual([
      ['EUR', '0'],
      ['ETH', '5'],
    ])
  })

  test('what happened is told in its order, and not changed by what comes later', () => {
    const world = createWorld()
    world.openAccount({ id: 'a', name: 'A', kind: 'checking', asset: 'EUR' })
    world.put(row('2', '1'))
    world.put(row('1', '2'))
    world.put(row('2', '3', { occurredAt: '2026-01-01T00:00:00Z' }))
    world.remove('a', '1')
    expect(world.rows().map(({ id, amount }) => `${id} ${amount}`)).toEqual(['2 3'])
    expect(
      world.events().map(({ sequence, type, row }) => `${sequence} ${type} ${row.id} ${row.amount}`),
    ).toEqual(['1 added 2 1', '2 added 1 2', '3 changed 2 3', '4 removed 1 2'])
    expect(() => world.remove('a', '1')).toThrow(RangeError)
    expect(() => world.put({ ...row('1', '1'), account: 'b' })).toThrow(RangeError)
  })
})

/** Hundredths as a canonical decimal. */
function decimal(cents: number | bigint): string {
  const text = `${cents < 0 ? -BigInt(cents) : cents}`.padStart(3, '0')
  const plain = `${text.slice(0, -2)}.${text.slice(-2)}`.replace(/\.?0+$/, '')
  return cents < 0 ? `-${plain}` : plain
}
