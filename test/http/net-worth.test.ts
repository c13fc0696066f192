import { beforeAll, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

test('tells net worth as of the last write before the request', async () => {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const ask = async () =>
    (await http.json('GET', '/v1/net-worth?from=2024-06-01&interval=month', { token })).body
  expect(await ask()).toEqual({
    currency: 'EUR',
    interval: 'month',
    from: '2024-06-01',
    to: '2024-06-15',
    points: [
      { date: '2024-06-15', netWorth: '0', assets: '0', liabilities: '0', quality: 'exact', missing: [] },
    ],
  })
  await ingest(db, sourceId, [row('1', '2024-06-03', '100.5')])
  expect((await ask()).points[0].netWorth).toBe('100.5')
  await ingest(db, sourceId, [row('2', '2024-06-02', '-0.5')])
  expect((await ask()).points[0].netWorth).toBe('100')
})

test('a range in the past has an ETag until it changes', async () => {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  await ingest(db, sourceId, [row('1', '2024-01-03', '7')])
  const path = '/v1/net-worth?from=2024-01-01&to=2024-01-31&interval=month'
  const first = await http.ask('GET', path, { token })
  const etag = first.headers.get('etag')!
  expect(etag).toMatch(/^"/)
  const again = await http.ask('GET', path, { token, headers: { 'if-none-match': etag } })
  expect(again.status).toBe(304)
  await ingest(db, sourceId, [row('2', '2024-01-04', '1')])
  const changed = await http.json('GET', path, { token, headers: { 'if-none-match': etag } })
  expect(changed.status).toBe(200)
  expect(changed.body.points[0].netWorth).toBe('8')
  const open = await http.ask('GET', '/v1/net-worth', { token })
  expect(open.headers.get('cache-control')).toBe('no-store')
  expect(open.headers.get('etag')).toBeNull()
})

test('refuses what it does not know, naming the field', async () => {
  const { user } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const answer = await http.json('GET', '/v1/net-worth?form=2024-01-01&to=2024-02-30', { token })
  expect(answer.status).toBe(400)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const { body } = answer
  expect(body.type).toBe('urn:tidemark:problem:invalid-request')
  expect(body.errors.map((each: { field: string }) => each.field).sort()).toEqual(['form', 'to'])
  expect((await http.ask('GET', '/v1/net-worth')).status).toBe(401)
})
