import { createServer } from 'node:net'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { putPrices } from '../../src/db/prices.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import { propertyRuns } from '../setup/property-runs.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

async function person(baseCurrency = 'EUR', app = http) {
  const { user, sourceId } = await newPerson(db, baseCurrency)
  const token = await app.tokenFor(user.id)
  const get = async (path: string) => (await app.json('GET', path, { token })).body
  return { user, sourceId, token, get }
}

test('today moves on at midnight of the user’s zone, and what was kept does not hold it back', async () => {
  const app = await startApp(db)
  app.time.now = new Date('2024-06-15T09:59:59Z')
  const { user, sourceId, get } = await person('EUR', app)
  await db.sql`UPDATE app_user SET time_zone = 'Pacific/Kiritimati' WHERE id = ${user.id}`
  await ingest(db, sourceId, [row('1', '2024-06-15', '1'), row('2', '2024-06-16', '10')])
  expect((await get('/v1/net-worth')).to).toBe('2024-06-15')
  expect((await get('/v1/feed')).balance).toBe('1')
  expect((await get('/v1/balance')).balances[0].quantity).toBe('1')
  app.time.now = new Date('2024-06-15T10:00:00Z')
  expect((await get('/v1/net-worth')).to).toBe('2024-06-16')
  expect((await get('/v1/feed')).balance).toBe('11')
  expect((await get('/v1/balance')).balances[0].quantity).toBe('11')
  await db.sql`UPDATE app_user SET time_zone = 'Pacific/Pago_Pago' WHERE id = ${user.id}`
  expect((await get('/v1/balance')).at).toBe('2024-06-14')
})

test('another base currency, and another price, are told at once; an ETag from before is not confirmed', async () => {
  const { sourceId, token, get } = await person()
  await putPrices(db.sql, 'test', [{ asset: 'EUR', currency: 'XTS', day: '2024-01-01', price: '2' }])
  await ingest(db, sourceId, [row('1', '2024-01-02', '5')])
  const path = '/v1/net-worth?from=2024-01-02&to=2024-01-02'
  const inEuro = await http.json('GET', path, { token })
  expect(inEuro.body).toMatchObject({ currency: 'EUR', points: [{ netWorth: '5' }] })
  await http.json('PATCH', '/v1/users/me', { token, body: { baseCurrency: 'XTS' } })
  const headers = { 'if-none-match': inEuro.headers.get('etag')! }
  const converted = await http.json('GET', path, { token, headers })
  expect(converted.body).toMatchObject({ currency: 'XTS', points: [{ netWorth: '10', quality: 'carried' }] })
  await putPrices(db.sql, 'test', [{ asset: 'EUR', currency: 'XTS', day: '2024-01-02', price: '3' }])
  expect((await get(path)).points[0]).toMatchObject({ netWorth: '15', quality: 'exact' })
})

test('an ETag is that of one person and one question', async () => {
  const first = await person()
  const second = await person()
  const path = '/v1/net-worth?from=2024-01-01&to=2024-01-31&interval=month'
  const etags = await Promise.all(
    [first, second].map(async ({ token }) => (await http.ask('GET', path, { token })).headers.get('etag')),
  )
  expect(etags[0]).not.toBe(etags[1])
  const asked = { token: second.token, headers: { 'if-none-match': etags[0]! } }
  expect((await http.ask('GET', path, asked)).status).toBe(200)
  const any = { token: second.token, headers: { 'if-none-match': '*' } }
  expect((await http.ask('GET', '/v1/balance?accountId=999999999&at=2024-01-01', any)).status).toBe(404)
})

/** Parts of a euro that do not end, held in several accounts, some of which owe. */
const holdings = fc.array(
  fc.record({
    account: fc.constantFrom('A', 'B', 'C'),
    asset: fc.constantFrom('EUR', 'XAA', 'XBB'),
    amount: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => `${n / 1000}`),
    day: fc.integer({ min: 1, max: 28 }).map((n) => `2024-05-${String(n).padStart(2, '0')}`),
  }),
  { minLength: 1, maxLength: 20 },
)

test('the right edge of every series is the balances’ sum at that date, in every interval and by every part', async () => {
  await putPrices(db.sql, 'test', [
    { asset: 'EUR', currency: 'XAA', day: '2024-05-01', price: '3' },
    { asset: 'EUR', currency: 'XBB', day: '2024-04-01', price: '7.000000001' },
  ])
  await fc.assert(
    fc.asyncProperty(holdings, fc.boolean(), async (held, refreshed) => {
      const { sourceId, get } = await person()
      await ingest(
        db,
        sourceId,
        held.map(({ account, asset, amount, day }, n) => row(String(n), day, amount, { account, asset })),
      )
      if (refreshed) await refreshRollups(db.sql, db.engine)
      const at = '2024-05-29'
      const { balances } = await get(`/v1/balance?at=${at}`)
      const byAsset = new Map(balances.map(({ asset, value }: Record<string, string>) => [asset, value]))
      for (const interval of ['day', 'week', 'month', 'quarter', 'year']) {
        const { points, groups } = await get(
          `/v1/net-worth?from=2024-05-01&to=${at}&interval=${interval}&by=asset`,
        )
        // The same rounding of the same sums: not a digit differs.
        for (const { key, points } of groups) expect(points.at(-1).netWorth).toBe(byAsset.get(key))
        // Each value was rounded to 8 decimals by itself; of exact numbers there is no other way to say a sum.
        const sum = [...byAsset.values()].reduce(
          (total: bigint, value) => total + scaled(value as string),
          0n,
        )
        const difference = sum - scaled(points.at(-1).netWorth)
        expect(difference * difference <= BigInt(byAsset.size) ** 2n).toBe(true)
      }
      const { balance } = await get('/v1/feed')
      const [today] = (await get('/v1/net-worth?from=2024-06-15')).points
      expect(balance).toBe(today.netWorth)
    }),
    { numRuns: propertyRuns(10, 20) },
  )
})

/** In units of the eighth decimal. */
function scaled(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.')
  const value = BigInt(whole) * 100_000_000n + BigInt(fraction.padEnd(8, '0'))
  return decimal.startsWith('-') ? -value : value
}

test('a series of too many points in all its parts is refused, naming what would do', async () => {
  const { sourceId, token } = await person()
  const accounts = Array.from({ length: 120 }, (_, n) =>
    row(String(n), '2024-01-01', '1', { account: `A${n}` }),
  )
  await ingest(db, sourceId, accounts)
  const ask = (query: string) =>
    http.json('GET', `/v1/net-worth?from=2020-01-01&to=2024-01-01&${query}`, { token })
  const refused = await ask('interval=day&by=account')
  expect(refused.status).toBe(400)
  expect(refused.body.detail).toContain('in 120 parts')
  expect(refused.body.detail).toContain('ask by week')
  expect((await ask('interval=week&by=account')).status).toBe(200)
  expect((await ask('interval=day&by=asset')).status).toBe(200)
})

test('a read that takes too long ends, and is told to be too much', async () => {
  const reads = connect(db.url, { max: 1 })
  await reads`SET statement_timeout = 1`
  const app = await startApp(db, { reads })
  const { sourceId, token } = await person('EUR', app)
  await ingest(
    db,
    sourceId,
    Array.from({ length: 300 }, (_, n) => row(String(n), '2023-01-01', '1')),
  )
  const answer = await app.json('GET', '/v1/net-worth?from=2011-01-01&interval=day', { token })
  expect({ status: answer.status, type: answer.body.type }).toEqual({
    status: 503,
    type: 'urn:tidemark:problem:busy',
  })
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  // Who asks is looked up elsewhere.
  expect((await app.json('GET', '/v1/users/me', { token })).status).toBe(200)
  await reads.end()
})

test('a replica that accepts and never answers is passed over', async () => {
  const sockets = new Set<{ destroy(): void }>()
  const silent = createServer((socket) => sockets.add(socket))
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
  const { port } = silent.address() as { port: number }
  const replica = connect(`postgres://nobody:none@127.0.0.1:${port}/none`, { max: 1 })
  const app = await startApp(db, { replica })
  const { sourceId, get } = await person('EUR', app)
  await ingest(db, sourceId, [row('1', '2024-06-01', '3')])
  expect((await get('/v1/balance')).balances[0].quantity).toBe('3')
  expect((await get('/v1/balance?at=2024-06-02')).balances[0].quantity).toBe('3')
  for (const socket of sockets) socket.destroy()
  await replica.end({ timeout: 0 })
  silent.close()
})

test('who looks over HTTP has been seen', async () => {
  const { user, token } = await person()
  await http.ask('GET', '/v1/feed', { token })
  for (;;) {
    const [found] = await db.sql`SELECT last_seen_at FROM app_user WHERE id = ${user.id}`
    if (found!.last_seen_at !== null) break
  }
  const [seen] =
    await db.sql`SELECT last_seen_at = ${http.time.now.toISOString()} AS now FROM app_user WHERE id = ${user.id}`
  expect(seen!.now).toBe(true)
})
