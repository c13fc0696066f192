import { beforeAll, expect, test } from 'vitest'
import { refreshRollups } from '../../src/db/rollups.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

async function person() {
  const { user, sourceId } = await newPerson(db)
  return { user, sourceId, token: await http.tokenFor(user.id) }
}

interface Listed {
  id: string
  description: string
  amount: string
}

async function list(
  token: string,
  query = '',
): Promise<{ transactions: Listed[]; nextCursor: string | null }> {
  const { status, body } = await http.json('GET', `/v1/transactions?${query}`, { token })
  expect(status).toBe(200)
  return body
}

const descriptions = async (token: string, query: Record<string, string> | string = '') => {
  const { transactions } = await list(token, new URLSearchParams(query).toString())
  return transactions.map(({ description }) => description)
}

test('tells all that is known of a transaction', async () => {
  const { sourceId, token } = await person()
  const [account] = await ingest(db, sourceId, [
    row('1', '2024-06-03', '-10.50', {
      occurredAt: '2024-06-03T00:30:00.123456+02:00',
      description: 'Bread',
      counterparty: 'Baker',
      category: 'food',
      group: 'g',
    }),
  ])
  const { transactions, nextCursor } = await list(token)
  expect(nextCursor).toBeNull()
  expect(transactions).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      accountId: account!.accountId,
      date: '2024-06-03',
      time: '2024-06-02T22:30:00.123456Z',
      amount: '-10.5',
      asset: 'EUR',
      kind: 'card',
      status: 'posted',
      description: 'Bread',
      counterparty: 'Baker',
      category: 'food',
      note: null,
      tags: [],
      transfer: null,
      excluded: false,
      manual: false,
      groupId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      recordedAt: '2024-06-15T12:00:00.000Z',
    },
  ])
  const { body } = await http.json('GET', `/v1/transactions/${transactions[0]!.id.toUpperCase()}`, { token })
  expect(body).toEqual(transactions[0])
})

test('lists the newest first: by day, then instant, those without one last', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [
    row('1', '2024-06-01', '1', { description: 'morning', occurredAt: '2024-06-01T08:00:00Z' }),
    row('2', '2024-06-01', '1', { description: 'unknown' }),
    row('3', '2024-06-01', '1', { description: 'evening', occurredAt: '2024-06-01T20:00:00Z' }),
    row('4', '2025-01-01', '1', { description: 'future' }),
    row('5', '2019-01-01', '1', { description: 'long ago' }),
    row('6', '2024-06-02', '1', { description: 'pending', status: 'pending' }),
    // Its instant lies on another day than it is booked on.
    row('7', '2024-05-31', '1', { description: 'late', occurredAt: '2024-06-03T08:00:00Z' }),
  ])
  expect(await descriptions(token)).toEqual([
    'future',
    'pending',
    'evening',
    'morning',
    'unknown',
    'late',
    'long ago',
  ])
})

test('what lies before the first posted row is listed too, and what lies in the far future', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [
    row('1', '1950-01-01', '1', { description: 'requested long ago', status: 'requested' }),
    row('2', '2020-01-01', '1', { description: 'first' }),
    row('3', '2150-01-01', '1', { description: 'last' }),
  ])
  await refreshRollups(db.sql, db.engine)
  expect(await descriptions(token)).toEqual(['last', 'first', 'requested long ago'])
  expect(await descriptions(token, 'status=requested')).toEqual(['requested long ago'])
  expect(await descriptions(token, 'status=posted')).toEqual(['last', 'first'])
  expect(await descriptions(token, 'to=1999-01-01')).toEqual(['requested long ago'])
  // Also where nothing is posted at all.
  const other = await person()
  await ingest(db, other.sourceId, [
    row('1', '2001-01-01', '1', { description: 'pending', status: 'pending' }),
  ])
  expect(await descriptions(other.token)).toEqual(['pending'])
  expect(await descriptions((await person()).token)).toEqual([])
})

test.each([
  ['row chunks', false],
  ['the columnstore', true],
])('narrows by every filter, in %s', async (_, compressed) => {
  const { sourceId, token } = await person()
  const [account] = await ingest(db, sourceId, [
    row('1', '2023-01-01', '-5', { description: 'a 100% discount', counterparty: 'Shop' }),
    row('2', '2023-02-01', '10', { description: 'b', kind: 'deposit', asset: 'BTC', category: 'Pay_day' }),
    row('3', '2023-03-01', '-7.5', { description: 'c', status: 'pending', counterparty: 'SHOP\\corner' }),
    row('4', '2023-04-01', '3', { description: 'Überweisung', account: 'B', category: 'payXday' }),
    row('5', '2023-05-01', '0.5', { description: 'e' }),
  ])
  const { transactions } = await list(token)
  const idOf = (description: string) => transactions.find((each) => each.description === description)!.id
  for (const [description, body] of [
    ['e', { note: 'for the SHOP', tags: ['x', 'y z'] }],
    ['b', { category: 'wages' }],
  ] as const)
    await http.json('PATCH', `/v1/transactions/${idOf(description)}`, { token, body })
  if (compressed) {
    await refreshRollups(db.sql, db.engine)
    await compressEverything(db)
  }
  const cases: [Record<string, string>, string[]][] = [
    [{ accountId: account!.accountId }, ['e', 'c', 'b', 'a 100% discount']],
    [{ from: '2023-02-01', to: '2023-04-01' }, ['Überweisung', 'c', 'b']],
    [{ asset: 'btc' }, ['b']],
    [{ kind: 'deposit' }, ['b']],
    [{ status: 'pending' }, ['c']],
    [{ min: '-5', max: '3' }, ['e', 'Überweisung', 'a 100% discount']],
    [{ min: '0.50' }, ['e', 'Überweisung', 'b']],
    [{ max: '-5.00' }, ['c', 'a 100% discount']],
    [{ q: 'shop' }, ['e', 'c', 'a 100% discount']],
    [{ q: '100%' }, ['a 100% discount']],
    [{ q: '0% d' }, ['a 100% discount']],
    [{ q: '%' }, ['a 100% discount']],
    [{ q: 'p\\c' }, ['c']],
    [{ q: 'überW' }, ['Überweisung']],
    // The provider's category was overruled, and is not what is listed.
    [{ q: 'y_d' }, []],
    [{ q: 'WAGES' }, ['b']],
    [{ category: 'wages' }, ['b']],
    [{ category: 'Pay_day' }, []],
    [{ category: 'payXday' }, ['Überweisung']],
    [{ tag: 'y z' }, ['e']],
    [{ tag: 'y' }, []],
    [{ q: 'shop', status: 'posted', max: '0' }, ['a 100% discount']],
  ]
  for (const [query, expected] of cases)
    expect([query, await descriptions(token, query)]).toEqual([query, expected])
})

test('pages follow each other to the end', async () => {
  const { sourceId, token } = await person()
  await ingest(
    db,
    sourceId,
    Array.from({ length: 25 }, (_, n) =>
      row(`${n}`, `2024-0${1 + (n % 5)}-10`, `${n}`, { description: `${n}` }),
    ),
  )
  const whole = await descriptions(token, 'limit=25')
  expect(whole).toHaveLength(25)
  const found: string[] = []
  const sizes: number[] = []
  let cursor: string | null = ''
  do {
    const page = await list(token, `limit=10${cursor === '' ? '' : `&cursor=${cursor}`}`)
    found.push(...page.transactions.map(({ description }) => description))
    sizes.push(page.transactions.length)
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(found).toEqual(whole)
  expect(sizes).toEqual([10, 10, 5])
  // A last page that is full has no next one.
  expect((await list(token, 'limit=25')).nextCursor).toBeNull()
})

test('a cursor goes on in the list that gave it, and nowhere else', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [row('1', '2024-06-01', '1'), row('2', '2024-06-02', '2')])
  const { nextCursor } = await list(token, 'limit=1&min=0')
  const ask = (query: string, by = token) => http.json('GET', `/v1/transactions?${query}`, { token: by })
  // Another size of pages is the same list.
  expect((await ask(`min=0.0&limit=7&cursor=${nextCursor}`)).body.transactions).toHaveLength(1)
  const other = await person()
  const bytes = Buffer.from(nextCursor!, 'base64url')
  const flipped = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    return changed.toString('base64url')
  })
  const last = nextCursor!.at(-1)!
  const refused: [string, string?][] = [
    [`min=1&cursor=${nextCursor}`],
    [`cursor=${nextCursor}`],
    [`min=0&to=2030-01-01&cursor=${nextCursor}`],
    [`min=0&cursor=${nextCursor}`, other.token],
    ...flipped.map((cursor): [string] => [`min=0&cursor=${cursor}`]),
    [`min=0&cursor=${nextCursor}A`],
    [`min=0&cursor=${nextCursor!.slice(0, -1)}`],
    [`min=0&cursor=${nextCursor!.slice(0, 8)}`],
    // The same bytes, written otherwise.
    ...(bytes.length % 3 === 0
      ? []
      : [
          [`min=0&cursor=${nextCursor!.slice(0, -1)}${String.fromCharCode(last.charCodeAt(0) + 1)}`] as [
            string,
          ],
        ]),
    ['min=0&cursor=A'],
    ['min=0&cursor=%00'],
    ['min=0&cursor='],
    [`min=0&cursor=${'A'.repeat(600)}`],
  ]
  for (const [query, by] of refused) {
    const { status, body } = await ask(query, by)
    expect([query, status, body.type, body.errors?.[0].field]).toEqual([
      query,
      400,
      'urn:tidemark:problem:invalid-request',
      'cursor',
    ])
  }
})

test('a range that lies in the past has an ETag until a transaction or what is said of it changes', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [row('1', '2024-01-03', '7')])
  const path = '/v1/transactions?to=2024-01-31'
  const ask = (etag: string) => http.ask('GET', path, { token, headers: { 'if-none-match': etag } })
  const first = await http.json('GET', path, { token })
  const etag = first.headers.get('etag')!
  expect((await ask(etag)).status).toBe(304)
  const [{ id }] = first.body.transactions
  await http.json('PATCH', `/v1/transactions/${id}`, { token, body: { note: 'n' } })
  const changed = await http.json('GET', path, { token, headers: { 'if-none-match': etag } })
  expect([changed.status, changed.body.transactions[0].note]).toEqual([200, 'n'])
  const open = await http.ask('GET', '/v1/transactions', { token })
  expect([open.headers.get('etag'), open.headers.get('cache-control')]).toEqual([null, 'no-store'])
})

test('shows nobody what is another’s', async () => {
  const owner = await person()
  const [account] = await ingest(db, owner.sourceId, [row('1', '2024-06-01', '1')])
  const [{ id }] = (await list(owner.token)).transactions as [Listed]
  const { token } = await person()
  expect((await list(token)).transactions).toEqual([])
  const ask = async (path: string) => {
    const { status, body } = await http.json('GET', path, { token })
    return [status, body.detail]
  }
  expect(await ask(`/v1/transactions?accountId=${account!.accountId}`)).toEqual(
    await ask('/v1/transactions?accountId=987654321'),
  )
  const missing = await ask('/v1/transactions/00000000-0000-0000-0000-000000000000')
  expect(missing).toEqual([404, 'there is no such transaction'])
  expect(await ask(`/v1/transactions/${id}`)).toEqual(missing)
})

test.each([
  ['limit', 'limit=0'],
  ['limit', 'limit=501'],
  ['limit', 'limit=1e2'],
  ['from', 'from=2024-13-01'],
  ['min', 'min=1e309'],
  ['max', 'max=NaN'],
  ['status', 'status=gone'],
  ['accountId', 'accountId=0'],
  ['q', 'q='],
  ['q', 'q=%00'],
  ['offset', 'offset=10'],
])('refuses %s in %s', async (field, query) => {
  const { token } = await person()
  const { status, body } = await http.json('GET', `/v1/transactions?${query}`, { token })
  expect([status, body.errors[0].field]).toEqual([400, field])
})

test('refuses a range that is reversed, and an id that is none', async () => {
  const { token } = await person()
  const reversed = await http.json('GET', '/v1/transactions?from=2024-02-01&to=2024-01-01', { token })
  expect([reversed.status, reversed.body.type]).toEqual([400, 'urn:tidemark:problem:refused'])
  expect((await http.json('GET', '/v1/transactions/12', { token })).body.errors[0].field).toBe('id')
})
