import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { PullRequest } from '../../src/connectors/connector.ts'
import { listen } from '../../src/connectors/emulator/listen.ts'
import {
  ConnectorBugError,
  RateLimitedError,
  ReauthError,
  RevokedError,
  TransientError,
} from '../../src/connectors/errors.ts'
import { createHttpClient } from '../../src/connectors/http-client.ts'
import type { JsonValue } from '../../src/connectors/json.ts'
import { type CheckedPage, checkPages } from '../../src/connectors/pull.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import type { VendorEmulatorOptions, VendorSource } from '../../src/connectors/vendor/emulator.ts'
import { fixture } from '../../src/connectors/vendor/fixture.ts'
import { connector } from '../../src/connectors/vendor/index.ts'
import { maxReturns, positionAfter, startOf } from '../../src/connectors/vendor/position.ts'
import { rowsOf } from '../../src/connectors/vendor/transform.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A vendor without limits that is asked over HTTP; `now` is everybody's clock. */
async function vendor(options: Partial<VendorEmulatorOptions> = {}) {
  const time = { now: Date.parse('2026-03-10T12:00:00.000Z') }
  const clock = () => new Date(time.now)
  const provider = fixture.start({ clock, limits: false, seeded: false, ...options })
  const server = await listen(provider.app)
  const transport = createTransport({ allowedHosts: [server.host] })
  closing.push(async () => {
    await transport.close()
    await server.close()
  })
  const { signal } = new AbortController()
  const gate = { enter: async () => async () => {} }
  const { credentials, config } = provider.connection(server.url)
  const context: Parameters<typeof connector.pull>[0] = {
    credentials: connector.credentials.parse(credentials),
    config: connector.config.parse(config),
    settings: undefined,
    http: createHttpClient({ fetch: transport.fetch, gate, clock, signal }),
    clock,
    signal,
    timeZone: 'UTC',
    log: { debug: () => {}, warn: () => {} },
    saveCredentials: async () => {},
  }
  const pull = (
    mode: PullRequest['mode'],
    cursor: JsonValue,
    window = { from: '2026-03-10', to: '2026-03-11' },
  ) => checkPages(connector.pull(context, { mode, cursor: throughJson(cursor), window }))
  return { ...provider, context, pull, time }
}

const throughJson = (value: JsonValue): JsonValue => JSON.parse(JSON.stringify(value))
const collect = async (pages: AsyncIterable<CheckedPage>) => {
  const all: CheckedPage[] = []
  for await (const page of pages) all.push(page)
  return all
}
const idsOf = (pages: CheckedPage[]) => pages.flatMap(({ changes }) => changes.map(({ id }) => id))
const wallet = (id: string) => ({ id, name: 'w', kind: 'wallet' as const, asset: 'USD', owner: id })
const item = {
  id: 't1',
  userId: 'u1',
  createdAt: '2026-03-09T23:30:00.5-02:00',
  type: 'earned',
  amount: '1.50',
}

/** A row each minute of 2016 and after: 5.3 million in ten years, and none of them in memory. */
const minutely: VendorSource = {
  count: (from, to) => firstMinute(to) - firstMinute(from),
  rows: (from, to, offset, limit) => {
    const first = firstMinute(from) + offset
    return Array.from({ length: Math.max(0, Math.min(limit, firstMinute(to) - first)) }, (_, at) => ({
      id: `m${first + at}`,
      userId: `u${(first + at) % 1000}`,
      createdAt: new Date(epoch + (first + at) * 60_000).toISOString(),
      type: 'earned',
      amount: '1',
    }))
  },
}
const epoch = Date.parse('2016-01-01T00:00:00Z')
const firstMinute = (at: Date) => Math.max(0, Math.ceil((at.getTime() - epoch) / 60_000))

describe('rows of a page', () => {
  test('a transaction becomes a row of its user’s one account', () => {
    expect(rowsOf([item], 'USD')).toEqual({
      accounts: [
        {
          externalId: 'u1',
          owner: 'u1',
          ownerCurrency: 'USD',
          kind: 'wallet',
          name: 'Vendor balance',
        },
      ],
      changes: [
        {
          type: 'upsert',
          account: 'u1',
          id: 't1',
          bookedOn: '2026-03-10',
          occurredAt: '2026-03-09T23:30:00.5-02:00',
          amount: '1.5',
          asset: 'USD',
          kind: 'earned',
          status: 'posted',
        },
      ],
      problems: [],
    })
  })

  test.each([
    ['earned', '5', 'posted'],
    ['spent', '-5', 'posted'],
    ['paid_out', '-5', 'posted'],
    ['payout', '5', 'requested'],
  ])('%s of 5 is %s, %s', (type, amount, status) => {
    expect(rowsOf([{ ...item, type, amount: '5' }], 'EUR').changes).toMatchObject([
      { kind: type, amount, status, asset: 'EUR' },
    ])
  })

  test.each([
    ['12345678901234567890.12', '12345678901234567890.12'],
    ['1.5e-7', '0.00000015'],
    ['007.10', '7.1'],
    ['0', '0'],
  ])('the amount %s is %s', (amount, exact) => {
    expect(rowsOf([{ ...item, amount }], 'USD').changes[0]?.amount).toBe(exact)
  })

  test.each([
    [{ ...item, type: 'refund' }, 'transaction "t1": its type "refund" is none that is known'],
    [{ ...item, amount: '-3' }, 'transaction "t1": its amount "-3" has a sign, which its type decides'],
    [{ ...item, amount: 'NaN' }, 'transaction "t1": its amount "NaN" is not a decimal number'],
    [{ ...item, createdAt: '2026-03-09' }, 'transaction "t1": createdAt is missing or malformed'],
    [{ ...item, id: null }, 'a transaction without an id: id is missing or malformed'],
    [null, 'a transaction without an id: it is no object'],
  ])('a faulty one is a problem and leaves the others: %j', (faulty, message) => {
    const rows = rowsOf([{ ...item, id: 'a' }, faulty, { ...item, id: 'b' }], 'USD')
    expect(rows.changes.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(rows.problems.map((problem) => problem.message)).toEqual([message])
  })
})

describe('what is new', () => {
  test('one request when nothing is new, and late rows of a quarter of an hour are seen', async () => {
    const { pull, world, traffic, time } = await vendor()
    world.openAccount(wallet('u1'))
    world.put({ account: 'u1', id: 'a', occurredAt: '2026-03-10T08:00:00Z', amount: '3' })
    const first = await collect(pull('incremental', null))
    expect(idsOf(first)).toEqual(['a'])
    expect(first.at(-1)!.cursor).toEqual({ through: '2026-03-10T12:00:00.000Z' })

    time.now += 60_000
    const second = await collect(pull('incremental', first.at(-1)!.cursor))
    expect(idsOf(second)).toEqual([])
    expect(traffic.requests()).toHaveLength(2)

    world.put({ account: 'u1', id: 'late', occurredAt: '2026-03-10T11:47:00Z', amount: '4' })
    world.put({ account: 'u1', id: 'new', occurredAt: '2026-03-10T12:01:30Z', amount: '-4' })
    time.now += 60_000
    const third = await collect(pull('hint', second.at(-1)!.cursor))
    expect(idsOf(third)).toEqual(['late', 'new'])
    expect(traffic.requests()).toHaveLength(3)
  })

  test('a pass goes on after each page, to the end that it began with', async () => {
    const { pull, time } = await vendor({ source: minutely, pageSize: 100 })
    const whole = await collect(pull('incremental', null))
    expect(new Set(idsOf(whole)).size).toBe(720)
    expect(whole.every(({ groupEnd }) => groupEnd)).toBe(true)
    expect(whole.at(-1)!.cursor).toEqual({
      through: '2026-03-10T12:00:00.000Z',
      checked: '2026-03-10T12:00:00.000Z',
    })
    time.now += 3_600_000
    for (const [index, { cursor }] of whole.slice(0, -1).entries()) {
      const rest = await collect(pull('incremental', cursor))
      expect(new Set(idsOf([...whole.slice(0, index + 1), ...rest]))).toEqual(new Set(idsOf(whole)))
      expect(rest.at(-1)!.cursor).toEqual(whole.at(-1)!.cursor)
    }
  })

  test('where a quarter of an hour takes more than a page, it is read again once in a quarter of an hour', async () => {
    const { pull, traffic, time } = await vendor({ source: minutely, pageSize: 10 })
    let cursor = (await collect(pull('incremental', { through: '2026-03-10T11:59:00.000Z' }))).at(-1)!.cursor
    expect(traffic.requests()).toHaveLength(2)
    const requests: number[] = []
    for (let minute = 0; minute < 30; minute++) {
      const before = traffic.requests().length
      time.now += 60_000
      cursor = (await collect(pull('incremental', cursor))).at(-1)!.cursor
      requests.push(traffic.requests().length - before)
    }
    expect(requests.filter((count) => count > 1)).toEqual([4, 4])
    expect(requests.indexOf(4)).toBe(14)
  })

  test('the first pass of a day is followed by a review of the days before, a few pages a sync', async () => {
    const { pull, traffic, time } = await vendor({ source: minutely, pageSize: 200 })
    time.now = Date.parse('2026-03-11T00:00:30.000Z')
    const window = { from: '2026-03-09', to: '2026-03-12' }
    let cursor: JsonValue = { through: '2026-03-10T23:59:30.000Z' }
    const reviewed = new Set<string>()
    const requests: number[] = []
    while (requests.at(-1) !== 1) {
      const before = traffic.requests().length
      const pages = await collect(pull('incremental', cursor, window))
      expect(idsOf(pages.slice(0, 1)).at(-1)).toBe(`m${firstMinute(new Date(time.now)) - 1}`)
      for (const id of idsOf(pages.slice(1))) reviewed.add(id)
      cursor = pages.at(-1)!.cursor
      requests.push(traffic.requests().length - before)
      time.now += 60_000
    }
    expect(reviewed.size).toBe(2 * 1440)
    expect(requests.slice(0, -1).every((count) => count === 3 || count === 2)).toBe(true)
    expect(cursor).toEqual({ through: new Date(time.now - 60_000).toISOString() })
  })

  test('a row that changed or came late after its pass is found on the next day', async () => {
    const { pull, world, time } = await vendor()
    world.openAccount(wallet('u1'))
    world.put({ account: 'u1', id: 'a', occurredAt: '2026-03-10T08:00:00Z', amount: '3' })
    const first = await collect(pull('incremental', null))
    world.put({ account: 'u1', id: 'a', occurredAt: '2026-03-10T08:00:00Z', amount: '-7' })
    world.put({ account: 'u1', id: 'late', occurredAt: '2026-03-10T03:00:00Z', amount: '4' })
    time.now += 86_400_000
    const next = await collect(
      pull('incremental', first.at(-1)!.cursor, { from: '2026-03-09', to: '2026-03-12' }),
    )
    expect(next.flatMap(({ changes }) => changes)).toMatchObject([
      { id: 'late', amount: '4' },
      { id: 'a', amount: '-7', kind: 'spent' },
    ])
    expect(next.at(-1)!.cursor).toEqual({ through: '2026-03-11T12:00:00.000Z' })
  })

  test.each([
    [{ through: 'garbage' }],
    [{ through: '2190-01-01T00:00:00.000Z' }],
    [
      {
        through: '2026-03-10T08:00:00.000Z',
        pass: { from: '2026-03-10T09:00:00Z', to: '2026-03-10T08:00:00Z', page: 1, total: 0, returns: 0 },
      },
    ],
    ['x'],
    [[1]],
    [42],
  ] as JsonValue[][])('a cursor that is none begins with the window: %j', async (cursor) => {
    const { pull, world } = await vendor()
    world.openAccount(wallet('u1'))
    world.put({ account: 'u1', id: 'a', occurredAt: '2026-03-10T00:00:00Z', amount: '3' })
    world.put({ account: 'u1', id: 'before', occurredAt: '2026-03-09T23:59:59Z', amount: '3' })
    expect(idsOf(await collect(pull('incremental', cursor!)))).toEqual(['a'])
  })

  test('stays as it is while a backfill is under way', async () => {
    const { pull, time } = await vendor({ source: minutely })
    const window = { from: '2016-03-12', to: '2026-03-10' }
    let head: JsonValue = null
    let backfill: JsonValue = null
    const fresh = new Set<string>()
    const old = new Set<string>()
    for (let minute = 0; minute < 12; minute++) {
      const pages = await collect(pull('incremental', head))
      for (const id of idsOf(pages)) fresh.add(id)
      head = pages.at(-1)!.cursor
      expect(fresh).toContain(`m${firstMinute(new Date(time.now)) - 1}`)
      for await (const page of pull('backfill', backfill, window)) {
        for (const { id } of page.changes) old.add(id)
        backfill = page.cursor
        break
      }
      time.now += 60_000
    }
    const first = firstMinute(new Date('2016-03-12T00:00:00Z'))
    expect(old.size).toBe(12 * 999 + 1)
    expect(old).toContain(`m${first}`)
    expect(old).toContain(`m${first + 12 * 999}`)
  })
})

describe('backfill', () => {
  const window = { from: '2026-03-01', to: '2026-03-10' }
  const start = Date.parse('2026-03-01T00:00:00Z')

  test('1,000 rows of 1,000 users are one page', async () => {
    const { pull, traffic } = await vendor({ source: minutely })
    const pages = await collect(pull('backfill', null, window))
    expect(pages[0]!.changes).toHaveLength(1_000)
    expect(pages[0]!.accounts).toHaveLength(1_000)
    // Nine and a half days of minutes; each page repeats the last instant of the one before.
    expect(new Set(idsOf(pages)).size).toBe(9.5 * 1440)
    expect(traffic.requests()).toHaveLength(Math.ceil((9.5 * 1440 - 1) / 999))
    expect(pages.at(-1)!.cursor).toBeNull()
  })

  test('an amount of twenty digits arrives whole, as a number and as a text', async () => {
    const { pull, world, faults } = await vendor()
    world.openAccount(wallet('u1'))
    world.put({
      account: 'u1',
      id: 'a',
      occurredAt: '2026-03-05T00:00:00Z',
      amount: '-12345678901234567890.12345',
    })
    const amounts = async () =>
      (await collect(pull('backfill', null, window)))[0]!.changes.map((row) => 'amount' in row && row.amount)
    expect(await amounts()).toEqual(['-12345678901234567890.12345'])
    faults.plan({ kind: 'rewritten', rewrite: (body) => body.replace(/"amount":([\d.]+)/, '"amount":"$1"') })
    expect(await amounts()).toEqual(['-12345678901234567890.12345'])
  })

  test('more rows of one instant than a page holds are turned over by number', async () => {
    const { pull, world } = await vendor({ pageSize: 3 })
    world.openAccount(wallet('u1'))
    for (let n = 0; n < 11; n++)
      world.put({
        account: 'u1',
        id: `r${String(n).padStart(2, '0')}`,
        occurredAt: n < 9 ? '2026-03-05T00:00:00Z' : '2026-03-06T00:00:00Z',
        amount: '1',
      })
    const pages = await collect(pull('backfill', null, window))
    expect(new Set(idsOf(pages)).size).toBe(11)
  })

  test('a cursor of another range, or garbage, begins anew', async () => {
    const { pull } = await vendor({ source: minutely })
    const [first, second] = await collect(pull('backfill', null, window))
    const begin = async (cursor: JsonValue) => {
      for await (const page of pull('backfill', cursor, window)) return idsOf([page])[0]
    }
    expect(await begin(first!.cursor)).toBe(idsOf([second!])[0])
    for (const cursor of [
      { ...(first!.cursor as object), window: { from: '2026-02-01', to: '2026-03-10' } },
      'x',
      {},
    ])
      expect(await begin(cursor as JsonValue)).toBe(idsOf([first!])[0])
  })

  test('a window that is wholly to come asks nothing', async () => {
    const { pull, traffic } = await vendor()
    expect(await collect(pull('backfill', null, { from: '2026-04-01', to: '2026-04-02' }))).toEqual([])
    expect(traffic.requests()).toEqual([])
  })

  /** What happens between two pages: rows go, and rows come. */
  const interlude = fc.record({
    removed: fc.array(fc.nat({ max: 99 }), { maxLength: 4 }),
    added: fc.array(fc.nat({ max: 40 }), { maxLength: 4 }),
    isKilled: fc.boolean(),
  })

  test('no row is skipped that was there all the time, and none that came in ahead', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 2, max: 7 }),
        fc.array(interlude, { maxLength: 12 }),
        async (hours, pageSize, planned) => {
          const interludes = [...planned]
          const { pull, world } = await vendor({ pageSize })
          world.openAccount(wallet('u1'))
          let count = 0
          const put = (hour: number) =>
            world.put({
              account: 'u1',
              id: `r${count++}`,
              // No two of an instant: what comes and goes among those is the next test's.
              occurredAt: new Date(start + hour * 3_600_000 + count).toISOString(),
              amount: '1',
            })
          for (const hour of hours) put(hour)
          const expected = new Set(world.rows().map(({ id }) => id))
          const got = new Set<string>()
          let cursor: JsonValue = null
          do {
            for await (const page of pull('backfill', cursor, window)) {
              for (const { id } of page.changes) got.add(id)
              cursor = page.cursor
              const behind = Math.max(
                0,
                ...page.changes.map((row) => Date.parse('occurredAt' in row ? row.occurredAt! : '')),
              )
              const next = interludes.shift()
              for (const at of next?.removed ?? []) {
                const rows = world.rows()
                const row = rows[at % Math.max(1, rows.length)]
                if (!row) continue
                world.remove('u1', row.id)
                expected.delete(row.id)
              }
              for (const hour of next?.added ?? []) {
                put(hour)
                const { row } = world.events().at(-1)!
                if (cursor !== null && Date.parse(row.occurredAt) > behind) expected.add(row.id)
              }
              if (next?.isKilled) break
            }
          } while (cursor !== null)
          expect([...expected].filter((id) => !got.has(id))).toEqual([])
          for (const close of closing.splice(0)) await close()
        },
      ),
      { numRuns: 60 },
    )
  })

  test('rows of one instant: pages go back by as many rows as were deleted, and on where some were inserted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.tuple(fc.constantFrom('removed', 'added', 'nothing'), fc.nat(99)), { maxLength: 10 }),
        async (size, pageSize, planned) => {
          const interludes = [...planned]
          const { pull, world } = await vendor({ pageSize })
          world.openAccount(wallet('u1'))
          const occurredAt = '2026-03-05T00:00:00.000Z'
          const name = (place: number) => `r${String(place).padStart(4, '0')}`
          for (let place = 0; place < size; place++)
            world.put({ account: 'u1', id: name(place * 100), occurredAt, amount: '1' })
          const expected = new Set(world.rows().map(({ id }) => id))
          const pages: CheckedPage[] = []
          for await (const page of pull('backfill', null, window)) {
            pages.push(page)
            const [what, place] = interludes.shift() ?? ['nothing', 0]
            const rows = world.rows()
            const row = rows[place % Math.max(1, rows.length)]
            if (what === 'removed' && row) {
              world.remove('u1', row.id)
              expected.delete(row.id)
            }
            if (what === 'added')
              world.put({ account: 'u1', id: name(place * 40 + 1), occurredAt, amount: '1' })
          }
          const got = new Set(idsOf(pages))
          expect([...expected].filter((id) => !got.has(id))).toEqual([])
          for (const close of closing.splice(0)) await close()
        },
      ),
      { numRuns: 60 },
    )
  })

  test('totals that waver without end do not keep it from its end', () => {
    const instant = new Date('2026-03-05T00:00:00Z')
    const items = [{ createdAt: instant.toISOString() }]
    let at = positionAfter(startOf(instant, new Date('2026-03-06T00:00:00Z')), answer(1, 5))
    let steps = 0
    for (; at !== null; steps++) at = positionAfter(at, answer(at.page, 5 - (steps % 2)))
    expect(steps).toBeLessThan(5 * maxReturns)

    function answer(currentPage: number, totalItems: number) {
      return { items, meta: { currentPage, totalItems, itemsPerPage: 1 } }
    }
  })
})

describe('what the vendor answers instead', () => {
  test('a refused key is a matter of signing in again, and is not told', async () => {
    const { context, pull, refuseCredentials } = await vendor()
    expect(await connector.check(context)).toEqual({})
    refuseCredentials()
    await expect(connector.check(context)).rejects.toThrow(ReauthError)
    const refused = await collect(pull('incremental', null)).catch((error: Error) => error)
    expect(refused).toBeInstanceOf(ReauthError)
    expect(String((refused as Error).message)).not.toContain('vendor-key')
  })

  test('the sixth request within a minute has to wait', async () => {
    const { pull, time } = await vendor({ limits: true, source: minutely, pageSize: 100 })
    const error = await collect(pull('incremental', null)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RateLimitedError)
    expect((error as RateLimitedError).retryAt).toEqual(new Date(time.now + 60_000))
  })

  test.each([
    ['<html>Access denied: revoked</html>', TransientError],
    ['', TransientError],
    ['{"statusCode":403,"message":"Forbidden"}', TransientError],
    ['{"statusCode":403,"message":"This API key lacks the permission"}', TransientError],
    ['{"statusCode":403,"message":"This API key was revoked"}', RevokedError],
  ])('a 403 that says %j', async (body, type) => {
    const { pull, faults } = await vendor()
    faults.plan({ kind: 'status', status: 403, body })
    await expect(collect(pull('incremental', null))).rejects.toThrow(type)
  })

  test('an answer that is none, and another page than the one that was asked', async () => {
    const { pull, faults } = await vendor()
    for (const rewrite of [
      () => '{"items":[]}',
      (body: string) => body.replace('"currentPage":1', '"currentPage":2'),
    ]) {
      faults.plan({ kind: 'rewritten', rewrite })
      await expect(collect(pull('incremental', null))).rejects.toThrow(ConnectorBugError)
    }
  })

  test('the emulator says what is wrong with a query', async () => {
    const { app } = await vendor()
    const good = {
      startDate: '2026-03-01T00:00:00Z',
      endDate: '2026-03-02T00:00:00Z',
      page: '1',
      limit: '10',
    }
    const ask = async (query: object) => {
      const response = await app.request(`/transactions?${new URLSearchParams({ ...good, ...query })}`, {
        headers: { authorization: 'Bearer vendor-key-0' },
      })
      return [response.status, ((await response.json()) as { message?: string }).message]
    }
    expect(await ask({})).toEqual([200, undefined])
    expect(await ask({ limit: '1001' })).toEqual([400, 'limit must not be greater than 1000'])
    expect(await ask({ limit: '0' })).toEqual([400, 'limit must be a positive integer'])
    expect(await ask({ page: 'x' })).toEqual([400, 'page must be a positive integer'])
    expect(await ask({ startDate: '2026-03-01' })).toEqual([
      400,
      'startDate must be a valid ISO 8601 date string',
    ])
    expect(await ask({ endDate: '2026-02-01T00:00:00Z' })).toEqual([
      400,
      'startDate must not be after endDate',
    ])
  })

  test('accounts are the users of the last days', async () => {
    const { context } = await vendor({ seeded: true })
    const accounts = await connector.accounts(context)
    expect(accounts.map(({ externalId }) => externalId).toSorted()).toEqual([
      'u-1001',
      'u-1002',
      'u-1003',
      'u-1004',
    ])
  })
})
