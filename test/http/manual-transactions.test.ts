import { beforeAll, expect, test } from 'vitest'
import { addUser } from '../../src/db/users.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp
let keys = 0

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

async function personWithAccount() {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const { body } = await http.json('POST', '/v1/accounts', { token, body: { name: 'Cash', kind: 'cash' } })
  return { user, sourceId, token, accountId: body.id as string }
}

const enter = (token: string, body: object, key = `key-${keys++}`) =>
  http.json('POST', '/v1/transactions', { token, body, headers: { 'idempotency-key': key } })
const balance = async (token: string, at: string) =>
  (await http.json('GET', `/v1/balance?at=${at}`, { token })).body.balances[0]?.quantity ?? '0'

test('what is entered is answered as it is listed from then on, and counts at once', async () => {
  const { token, accountId } = await personWithAccount()
  const { status, body } = await enter(token, {
    accountId,
    date: '2024-05-20',
    time: '2024-05-20T10:00:00.1239+02:00',
    amount: '-012.340',
    asset: 'eur',
    kind: 'market',
    description: ' Apples\tand\n  pears ',
    counterparty: 'A "stall", at the corner',
    category: 'Food',
    note: 'two lines\nof it',
    tags: ['fruit', 'cash', 'fruit'],
  })
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    accountId,
    date: '2024-05-20',
    time: '2024-05-20T08:00:00.123Z',
    amount: '-12.34',
    asset: 'EUR',
    kind: 'market',
    status: 'posted',
    description: 'Apples and pears',
    counterparty: 'A "stall", at the corner',
    category: 'Food',
    note: 'two lines\nof it',
    tags: ['fruit', 'cash'],
    transfer: null,
    excluded: false,
    manual: true,
    groupId: null,
    recordedAt: now.toISOString(),
  })
  expect((await http.json('GET', `/v1/transactions/${body.id}`, { token })).body).toEqual(body)
  expect((await http.json('GET', '/v1/transactions', { token })).body).toEqual({
    transactions: [body],
    nextCursor: null,
    archived: false,
  })
  expect([await balance(token, '2024-05-19'), await balance(token, '2024-05-20')]).toEqual(['0', '-12.34'])
})

test('what is not said is today’s, in the user’s zone and currency', async () => {
  const user = await addUser(db, {
    email: 'tokyo@example.org',
    timeZone: 'Asia/Tokyo',
    baseCurrency: 'JPY',
  })
  http.time.now = new Date('2024-06-15T15:30:00Z')
  try {
    const token = await http.tokenFor(user.id)
    const made = await http.json('POST', '/v1/accounts', { token, body: { name: 'Cash', kind: 'cash' } })
    const accountId = made.body.id
    const plain = await enter(token, { accountId, amount: '5' })
    expect(plain.body).toMatchObject({
      date: '2024-06-16',
      time: null,
      asset: 'JPY',
      kind: 'cash',
      description: null,
      category: null,
      note: null,
      tags: [],
    })
    const timed = await enter(token, { accountId, amount: '5', time: '2024-01-01T20:00:00Z' })
    expect(timed.body).toMatchObject({ date: '2024-01-02', time: '2024-01-01T20:00:00.000Z' })
    for (const { body } of [plain, timed])
      expect((await http.json('GET', `/v1/transactions/${body.id}`, { token })).body).toEqual(body)
  } finally {
    http.time.now = now
  }
})

test('two equal purchases under two keys are two', async () => {
  const { token, accountId } = await personWithAccount()
  const body = { accountId, amount: '-2.5', description: 'coffee' }
  const [first, second] = [await enter(token, body), await enter(token, body)]
  expect(first.body.id).not.toBe(second.body.id)
  expect(await balance(token, '2024-06-15')).toBe('-5')
})

test('a key that was forgotten does not enter the same thing twice', async () => {
  const { user, token, accountId } = await personWithAccount()
  const body = { accountId, amount: '-2.5', date: '2024-06-01', tags: ['a'] }
  const first = await enter(token, body, 'forgotten')
  await db.sql`DELETE FROM idempotency_key WHERE owner = ${`user ${user.id}`}`
  http.time.now = new Date(now.getTime() + 7 * 86_400_000)
  try {
    const again = await enter(await http.tokenFor(user.id), body, 'forgotten')
    expect([again.status, again.body]).toEqual([201, first.body])
    await db.sql`DELETE FROM idempotency_key WHERE owner = ${`user ${user.id}`}`
    const other = await enter(await http.tokenFor(user.id), { ...body, amount: '-3' }, 'forgotten')
    expect(other.body.id).not.toBe(first.body.id)
  } finally {
    http.time.now = now
  }
  expect(await balance(token, '2024-06-15')).toBe('-5.5')
})

test('what is taken back is gone from lists and balances, and what was set by hand still holds', async () => {
  const { user, token, accountId } = await personWithAccount()
  const first = await enter(token, { accountId, amount: '10', date: '2024-03-01', note: 'x' })
  const second = await enter(token, { accountId, amount: '20', date: '2024-03-02' })
  await http.json('PUT', `/v1/accounts/${accountId}/balances/2024-04-01`, { token, body: { amount: '100' } })
  const remove = (id: string) => http.json('DELETE', `/v1/transactions/${id}`, { token })
  expect((await remove(first.body.id)).status).toBe(204)
  expect((await remove(first.body.id)).status).toBe(404)
  expect((await http.json('GET', `/v1/transactions/${first.body.id}`, { token })).status).toBe(404)
  expect([await balance(token, '2024-03-31'), await balance(token, '2024-04-01')]).toEqual(['20', '100'])
  const { transactions } = (await http.json('GET', '/v1/transactions', { token })).body
  expect(transactions.map((each: { amount: string; kind: string; manual: boolean }) => each)).toMatchObject([
    { kind: 'revaluation', amount: '80', manual: false },
    { id: second.body.id, manual: true },
  ])
  // The revaluation is Tidemark's own: it goes with the balance that was set.
  expect((await remove(transactions[0].id)).status).toBe(409)
  const annotations = await db.sql`SELECT FROM transaction_annotation WHERE user_id = ${user.id}`
  expect(annotations).toHaveLength(0)
})

test('refuses what only the source of an account may write, and what is another user’s', async () => {
  const owner = await personWithAccount()
  const [file] = await ingest(db, owner.sourceId, [row('1', '2024-05-01', '9')])
  const toFile = await enter(owner.token, { accountId: file!.accountId, amount: '1' })
  expect([toFile.status, toFile.body.type]).toEqual([409, 'urn:tidemark:problem:conflict'])
  const { transactions } = (
    await http.json('GET', `/v1/transactions?accountId=${file!.accountId}`, { token: owner.token })
  ).body
  const provided = await http.json('DELETE', `/v1/transactions/${transactions[0].id}`, { token: owner.token })
  expect(provided.status).toBe(409)

  const entered = await enter(owner.token, { accountId: owner.accountId, amount: '1' })
  const { token } = await personWithAccount()
  const foreign = await enter(token, { accountId: owner.accountId, amount: '1' })
  const missing = await enter(token, { accountId: '987654321', amount: '1' })
  expect([foreign.status, foreign.body.detail]).toEqual([404, missing.body.detail])
  const taken = await http.json('DELETE', `/v1/transactions/${entered.body.id}`, { token })
  const none = await http.json('DELETE', '/v1/transactions/00000000-0000-0000-0000-000000000000', { token })
  expect([taken.status, taken.body.detail]).toEqual([404, none.body.detail])
  const kept = await http.ask('GET', `/v1/transactions/${entered.body.id}`, { token: owner.token })
  expect(kept.status).toBe(200)
})

test('an account that is removed while something is entered into it stays removed', async () => {
  for (let round = 0; round < 20; round++) {
    const { user, token, accountId } = await personWithAccount()
    const entering = Array.from({ length: 3 }, () => enter(token, { accountId, amount: '1' }))
    const setting = http.json('PUT', `/v1/accounts/${accountId}/balances/2024-06-01`, {
      token,
      body: { amount: '5' },
    })
    for (let turn = 0; turn < round; turn++) await db.sql`SELECT 1`
    const removed = await http.json('DELETE', `/v1/accounts/${accountId}`, { token })
    expect(removed.status).toBe(204)
    for (const { status } of await Promise.all([...entering, setting]))
      expect([200, 201, 404]).toContain(status)
    const [left] = await db.sql`
      SELECT (SELECT count(*)::int FROM account WHERE user_id = ${user.id} AND external_id LIKE 'manual%') AS accounts,
        (SELECT count(*)::int FROM transaction WHERE user_id = ${user.id}) AS rows`
    expect({ ...left }).toEqual({ accounts: 0, rows: 0 })
  }
})

test.each([
  ['amount', { amount: '1e3' }],
  ['amount', { amount: 'NaN' }],
  ['amount', {}],
  ['date', { amount: '1', date: '2023-02-29' }],
  ['date', { amount: '1', date: '2034-06-16' }],
  ['time', { amount: '1', time: '0001-01-01T00:00:00Z' }],
  ['time', { amount: '1', time: '2024-01-01T00:00:00' }],
  ['kind', { amount: '1', kind: 'Two words' }],
  ['description', { amount: '1', description: ' \n ' }],
  ['description', { amount: '1', description: 'a\u0000b' }],
  ['note', { amount: '1', note: '\ud800' }],
  ['tags', { amount: '1', tags: Array.from({ length: 21 }, (_, n) => `${n}`) }],
  ['tags.0', { amount: '1', tags: [''] }],
  ['status', { amount: '1', status: 'pending' }],
])('refuses %s in %j', async (field, fields) => {
  const { token, accountId } = await personWithAccount()
  const { status, body } = await enter(token, { accountId, ...fields })
  expect([status, body.errors?.map((each: { field: string }) => each.field)]).toEqual([400, [field]])
})
