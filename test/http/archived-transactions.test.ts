import { beforeAll, describe, expect, test } from 'vitest'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { runArchive } from '../../src/archive/run-archive.ts'
import type { ArchiveStore } from '../../src/archive/store.ts'
import { addDays } from '../../src/calendar.ts'
import { connect } from '../../src/db/client.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { ArchiveMissingError, ArchiveUnavailableError } from '../../src/errors.ts'
import { apiKey } from '../setup/api-key.ts'
import { startArchive } from '../setup/archive.ts'
import { placesOf } from '../setup/archived.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { expectDocumented, readDocument, readOperations } from '../setup/openapi.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>
/** With the archive, and as a server that was not told of it. */
let http: TestApp
let bare: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
  http = await startApp(db, { archive: archive.store })
  const sql = connect(db.url, { max: 2 })
  bare = await startApp({ ...db, sql })
  return () => sql.end()
})

const run = () => runArchive(archive, { afterDays: 75 })
const restoreAll = async () => {
  for (const { month } of await db.sql`SELECT DISTINCT month FROM archive_part ORDER BY month`)
    await restoreMonth(archive, month)
}

/** Sixty rows, one every seventh day until 14 June 2024, of two accounts; with annotations. */
async function person() {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  await ingest(
    db,
    sourceId,
    Array.from({ length: 60 }, (_, n) =>
      row(`${n}`, addDays('2024-06-14', -7 * n), `${n % 5 ? '-' : ''}${n}.50`, {
        account: n % 3 ? 'A' : 'B',
        asset: n % 7 ? 'EUR' : 'BTC',
        kind: n % 2 ? 'card' : 'transfer',
        description: `Row ${n} 100%_"x", ${'é'.repeat(n % 4)}`,
        ...(n % 4 === 0 && { occurredAt: `${addDays('2024-06-14', -7 * n)}T08:00:00.12345${n % 10}Z` }),
        ...(n % 5 === 0 && { counterparty: `Shop ${n}`, category: 'food', group: `g${n}` }),
        ...(n % 9 === 0 && { status: 'pending' as const }),
      }),
    ),
    [{ account: 'A', asset: 'EUR', day: '2024-06-01', edge: 'close', amount: '1000' }],
  )
  const { body } = await http.json('GET', '/v1/transactions?limit=500', { token })
  for (const [n, each] of body.transactions.entries()) {
    if (n % 8 !== 3) continue
    const said = {
      note: `Note ${n}`,
      tags: ['tag'],
      ...(n % 16 === 3 && { category: 'mine' }),
      excluded: true,
    }
    expect((await http.json('PATCH', `/v1/transactions/${each.id}`, { token, body: said })).status).toBe(200)
  }
  const accounts = (await http.json('GET', '/v1/accounts', { token })).body.accounts
  return {
    user,
    sourceId,
    token,
    accounts,
    ids: body.transactions.map(({ id }: { id: string }) => id) as string[],
  }
}

const filters = (accountId: string) => [
  '',
  `accountId=${accountId}`,
  'from=2023-11-05&to=2024-04-20',
  'to=2024-01-31',
  'from=2024-03-29&to=2024-04-05',
  'asset=btc',
  'kind=card',
  'status=posted',
  'status=pending',
  'min=0&max=20.5',
  'max=-40',
  'category=food',
  'category=mine',
  'tag=tag',
  `q=${encodeURIComponent('100%_"X"')}`,
  'q=note+3',
  'q=SHOP',
  'q=nothing+of+it',
  `q=row&accountId=${accountId}&kind=transfer&to=2024-02-10`,
]

/** Follows the cursors. */
async function walk(token: string, query: string, limit: number, app = http) {
  const transactions: unknown[] = []
  let cursor: string | null = null
  let archived = false
  do {
    const page = await app.json(
      'GET',
      `/v1/transactions?${query}&limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      { token },
    )
    expect(page.status).toBe(200)
    expect(page.body.transactions.length).toBeLessThanOrEqual(limit)
    if (!page.body.archived && page.body.nextCursor !== null)
      expect(page.body.transactions).toHaveLength(limit)
    transactions.push(...page.body.transactions)
    archived ||= page.body.archived
    cursor = page.body.nextCursor
  } while (cursor !== null)
  return { transactions, archived }
}

test('every filter, and pages of every size, give the same transactions wherever they lie', async () => {
  const { user, token, accounts } = await person()
  const queries = filters(accounts[0].id)
  await restoreAll()
  const before: unknown[][] = []
  for (const query of queries) before.push((await walk(token, query, 500)).transactions)
  expect(queries.filter((_, index) => before[index]!.length === 0)).toEqual(['q=nothing+of+it'])
  await run()
  const { archived } = await placesOf(db, user.id)
  expect(archived).toBeGreaterThan(30)
  // Another process, which keeps no answer from before.
  const fresh = await startApp(db, { archive: archive.store })
  for (const [index, query] of queries.entries()) {
    const found = await walk(token, query, 500, fresh)
    expect(found.transactions, query).toEqual(before[index])
    // What lies in the archive is posted; and a range of later days never asks there.
    expect(found.archived, query).toBe(query !== 'status=pending')
  }
  for (const limit of [1, 7, 12, 13, 59, 60, 61])
    expect((await walk(token, '', limit, fresh)).transactions, `pages of ${limit}`).toEqual(before[0])
  expect((await walk(token, 'from=2024-04-01', 7)).archived).toBe(false)
  // A page before the border does not reach there.
  expect((await http.json('GET', '/v1/transactions?limit=5', { token })).body.archived).toBe(false)
})

test('a search goes on over more archived months than one page reads', async () => {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const months = Array.from(
    { length: 60 },
    (_, n) => `${2015 + Math.floor(n / 12)}-${String(1 + (n % 12)).padStart(2, '0')}-11`,
  )
  await ingest(
    db,
    sourceId,
    months.map((day, n) => row(day, day, '1', { description: n === 0 ? 'the one' : 'other' })),
  )
  await run()
  const pages = []
  let cursor = ''
  for (;;) {
    const { body } = await http.json('GET', `/v1/transactions?q=the+one&limit=10${cursor}`, { token })
    pages.push(body.transactions.length)
    expect(body.archived).toBe(true)
    if (body.nextCursor === null) break
    cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`
  }
  expect(pages.length).toBeGreaterThan(2)
  expect(pages.reduce((sum, each) => sum + each)).toBe(1)
  expect((await walk(token, '', 7)).transactions).toHaveLength(60)
  for (const [search, found] of [
    ['the+one', 1],
    ['nothing+of+it', 0],
  ])
    expect(
      (await http.json('GET', `/v1/transactions/export?format=json&q=${search}`, { token })).body
        .transactions,
    ).toHaveLength(Number(found))
  // All of this user's rows are archived: the feed shows the newest ones.
  const feed = await http.json('GET', '/v1/feed?limit=3', { token })
  expect(feed.body).toMatchObject({ balance: '60' })
  expect(
    feed.body.transactions.map(({ timestamp }: { timestamp: string }) => timestamp.slice(0, 10)),
  ).toEqual(months.slice(-3).reverse())
  // As many as are asked for, of however many months.
  const whole = await http.json('GET', '/v1/feed?limit=57', { token })
  expect(whole.body.archived).toBe(true)
  expect(
    whole.body.transactions.map(({ timestamp }: { timestamp: string }) => timestamp.slice(0, 10)),
  ).toEqual(months.slice(-57).reverse())
  expect((await http.json('GET', '/v1/feed?limit=200', { token })).body.transactions).toHaveLength(60)
})

describe('where the archive cannot be read', () => {
  /** Rows of which the newest are not archived, and a server whose archive is away until `back` is called. */
  async function away() {
    const { user, token, ids } = await person()
    await run()
    const { here } = await placesOf(db, user.id)
    expect(here).toBeGreaterThan(3)
    let isAway = true
    const store: ArchiveStore = {
      ...archive.store,
      get: async (key, range) => {
        if (isAway) throw new ArchiveUnavailableError('away')
        return archive.store.get(key, range)
      },
    }
    const back = () => {
      isAway = false
    }
    const whole = await http.json('GET', '/v1/transactions?limit=500', { token })
    expect(whole.body.transactions.map(({ id }: { id: string }) => id)).toEqual(ids)
    return { user, token, ids, app: await startApp(db, { archive: store }), back }
  }
  const idsOf = (transactions: { id: string }[]) => transactions.map(({ id }) => id)

  test('the feed tells the balance and what lies before, and all of it once the archive is back', async () => {
    const { token, ids, app, back } = await away()
    const whole = (await http.json('GET', '/v1/feed?limit=61', { token })).body
    expect(whole).toMatchObject({ archived: true })
    expect(idsOf(whole.transactions)).toEqual(ids)
    for (const each of [app, bare]) {
      const { status, body } = await each.json('GET', '/v1/feed?limit=61', { token })
      expect(status).toBe(200)
      expect(body).toMatchObject({ balance: whole.balance, archived: true })
      expect(body.transactions.length).toBeGreaterThan(3)
      expect(idsOf(body.transactions)).toEqual(ids.slice(0, body.transactions.length))
      const { archived: _, ...rest } = whole
      expect((await each.json('GET', '/v1/feed?limit=3', { token })).body).toEqual({
        ...rest,
        transactions: whole.transactions.slice(0, 3),
      })
    }
    back()
    expect((await app.json('GET', '/v1/feed?limit=61', { token })).body).toEqual(whole)
  })

  test('a file that is missing is told in the log, and not as a fault of the request', async () => {
    const { token } = await person()
    await run()
    const lost: ArchiveStore = {
      ...archive.store,
      get: (key) => Promise.reject(new ArchiveMissingError(key)),
    }
    const app = await startApp(db, { archive: lost })
    expect(await app.json('GET', '/v1/transactions?to=2024-02-01', { token })).toMatchObject({
      status: 503,
      body: {
        type: 'urn:tidemark:problem:archive-unavailable',
        detail: expect.stringContaining('missing or damaged'),
      },
    })
  })

  test('a page ends before it, and the next one is refused until it is back', async () => {
    const { token, ids, app, back } = await away()
    const path = '/v1/transactions?limit=61&to=2024-06-14'
    const first = await app.json('GET', path, { token })
    expect(first.body).toMatchObject({ archived: true, nextCursor: expect.any(String) })
    // It is not the range's answer, which the next question gets.
    expect(first.headers.get('etag')).toBeNull()
    expect(first.headers.get('cache-control')).toBe('no-store')
    const { length } = first.body.transactions
    expect(length).toBeGreaterThan(3)
    expect(idsOf(first.body.transactions)).toEqual(ids.slice(0, length))
    const next = `${path}&cursor=${encodeURIComponent(first.body.nextCursor)}`
    expect(await app.json('GET', next, { token })).toMatchObject({
      status: 503,
      body: { type: 'urn:tidemark:problem:archive-unavailable' },
    })
    expect((await app.json('GET', '/v1/transactions?to=2024-02-01', { token })).status).toBe(503)
    // An export is whole or none.
    expect((await app.ask('GET', '/v1/transactions/export', { token })).status).toBe(503)
    back()
    const rest = await app.json('GET', next, { token })
    expect(idsOf(rest.body.transactions)).toEqual(ids.slice(length))
    const whole = await app.json('GET', path, { token })
    expect(idsOf(whole.body.transactions)).toEqual(ids)
    expect(whole.headers.get('etag')).not.toBeNull()
  })
})

test('exports are equal byte for byte, and so is everything that is made of sums', async () => {
  const { token, accounts, ids } = await person()
  await restoreAll()
  const days = ['2023-06-01', '2023-12-31', '2024-01-15', '2024-03-31', '2024-06-15']
  const paths = [
    ...['csv', 'json'].flatMap((format) =>
      ['', '&to=2024-02-10', '&q=row&kind=card', `&accountId=${accounts[1].id}`].map(
        (query) => `/v1/transactions/export?format=${format}${query}`,
      ),
    ),
    ...days.flatMap((at) => [`/v1/balance?at=${at}`, `/v1/balance?at=${at}&accountId=${accounts[0].id}`]),
    ...['day', 'week', 'month', 'year'].flatMap((interval) =>
      ['none', 'account', 'kind'].map(
        (breakdown) =>
          `/v1/net-worth?from=2023-05-01&to=2024-06-15&interval=${interval}${breakdown === 'none' ? '' : `&by=${breakdown}`}`,
      ),
    ),
    '/v1/feed?limit=200',
    '/v1/accounts',
    ...ids.filter((_, n) => n % 6 === 0).map((id) => `/v1/transactions/${id}`),
  ]
  // What the feed says of how it was read stands last.
  const told = async (answer: Response) => (await answer.text()).replace(/,"archived":true}$/, '}')
  const answers = async () => {
    const texts: string[] = []
    for (const path of paths) {
      const answer = await http.ask('GET', path, { token })
      expect(answer.status, path).toBe(200)
      texts.push(await told(answer))
    }
    return texts
  }
  const before = await answers()
  await run()
  // Another process, which keeps no answer from before.
  const fresh = await startApp(db, { archive: archive.store })
  for (const [index, path] of paths.entries())
    expect(await fresh.ask('GET', path, { token }).then(told), path).toBe(before[index])
  expect(await answers()).toEqual(before)
  const other = await newPerson(db)
  const stranger = await http.tokenFor(other.user.id)
  for (const id of [ids[0], ids.at(-1)]) {
    expect((await http.json('GET', `/v1/transactions/${id}`, { token: stranger })).status).toBe(404)
    expect(
      (await http.json('PATCH', `/v1/transactions/${id}`, { token: stranger, body: { note: 'x' } })).status,
    ).toBe(404)
    expect((await http.json('DELETE', `/v1/transactions/${id}`, { token: stranger })).status).toBe(404)
  }
})

test('an export says in a header where files have to be read for what is asked', async () => {
  const { token, accounts } = await person()
  await run()
  const operation = (await readOperations(http.app)).find(({ id }) => id === 'exportTransactions')!
  const document = await readDocument(http.app)
  const told = async (query: string) => {
    const response = await http.ask('GET', `/v1/transactions/export?${query}`, { token })
    await response.text()
    expect(response.status).toBe(200)
    expectDocumented(document, operation, response)
    return response.headers.get('tidemark-archived')
  }
  for (const query of [
    '',
    'format=json',
    'to=2024-01-31',
    `accountId=${accounts[0].id}&kind=card`,
    'from=2024-03-31',
  ])
    expect(await told(query), query).toBe('true')
  for (const query of ['from=2024-04-01', 'status=pending', 'to=2023-01-01'])
    expect(await told(query), query).toBeNull()
})

test('an answer that is kept, and its ETag, hold until something is written, also to what was archived', async () => {
  const { sourceId, token } = await person()
  await run()
  const path = '/v1/transactions?to=2024-01-31&limit=500'
  const first = await http.ask('GET', path, { token })
  const etag = first.headers.get('etag')!
  expect((await http.ask('GET', path, { token, headers: { 'if-none-match': etag } })).status).toBe(304)
  await ingest(db, sourceId, [row('late', '2024-01-20', '1', { description: 'late' })])
  const second = await http.ask('GET', path, { token, headers: { 'if-none-match': etag } })
  expect(second.status).toBe(200)
  const count = async (each: Response) =>
    ((await each.json()) as { transactions: unknown[] }).transactions.length
  expect(await count(second)).toBe((await count(first)) + 1)
})

test('the aggregator’s views are the same', async () => {
  const service = await apiKey(db, null, 'service')
  await db.sql`INSERT INTO source_type (id, title) VALUES ('aggregator', 'x') ON CONFLICT DO NOTHING`
  const [source] = await db.sql`
    INSERT INTO user_source (source_type_id, name) VALUES ('aggregator', 'all') RETURNING id`
  const kinds = [
    ['earned', '10.5', 'posted'],
    ['spent', '-3', 'posted'],
    ['payout', '7', 'requested'],
    ['paid_out', '-2.25', 'posted'],
  ] as const
  const changes = ['u-1', 'u-2'].flatMap((account) =>
    kinds.flatMap(([kind, amount, status]) =>
      ['2024-01-05', '2024-01-05', '2024-02-09', '2024-06-01'].map((day, n) =>
        row(`${kind} ${n}`, day, amount, { account, kind, status: status as never, asset: 'USD' }),
      ),
    ),
  )
  const accounts = ['u-1', 'u-2'].map((owner) => ({ externalId: owner, owner }))
  await ingestPage(db.sql, source!.id, { accounts, changes, balances: [] }, now)
  const views = () =>
    Promise.all(
      ['/user/u-1', '/user/u-2', '/user/u-1/payouts'].map(
        async (path) => (await http.json('GET', path, { token: service })).body,
      ),
    )
  const before = await views()
  expect(before[0]).toMatchObject({ balance: '21', earned: '42', payout: '28', paid_out: '9' })
  await run()
  expect(await views()).toEqual(before)
})

describe('what is written over HTTP', () => {
  let keys = 0
  async function withEntries() {
    const { user } = await newPerson(db)
    const token = await http.tokenFor(user.id)
    const account = (await http.json('POST', '/v1/accounts', { token, body: { name: 'Cash', kind: 'cash' } }))
      .body
    const enter = (app: TestApp, date: string, key = `archived-${keys++}`) =>
      app.json('POST', '/v1/transactions', {
        token,
        body: { accountId: account.id, date, amount: '5', asset: 'EUR', kind: 'cash', note: 'n' },
        headers: { 'idempotency-key': key },
      })
    const entered = []
    for (const date of ['2024-01-05', '2024-01-06', '2024-02-07'])
      entered.push((await enter(http, date)).body)
    await run()
    const balance = async () => (await http.json('GET', '/v1/balance', { token })).body.balances[0]?.quantity
    return { user, token, account, entered, enter, balance }
  }

  test('a transaction by hand is taken away, annotated and cleared where it is archived', async () => {
    const { user, token, entered, balance } = await withEntries()
    expect(await placesOf(db, user.id)).toMatchObject({ archived: 3 })
    const path = (n: number) => `/v1/transactions/${entered[n].id}`
    expect((await http.json('GET', path(0), { token })).body).toEqual(entered[0])
    expect((await http.json('DELETE', path(0), { token })).status).toBe(204)
    expect((await http.json('GET', path(0), { token })).status).toBe(404)
    expect((await http.json('DELETE', path(0), { token })).status).toBe(404)
    expect(await balance()).toBe('10')
    await run()
    const said = await http.json('PATCH', path(1), { token, body: { note: 'other', tags: ['a'] } })
    expect(said.body).toEqual({ ...entered[1], note: 'other', tags: ['a'] })
    await run()
    expect((await http.json('GET', '/v1/transactions?tag=a', { token })).body.transactions).toEqual([
      said.body,
    ])
    const cleared = await http.json('PATCH', path(1), { token, body: { note: null, tags: null } })
    expect(cleared.body).toEqual({ ...entered[1], note: null })
    expect((await http.json('GET', '/v1/transactions?tag=a', { token })).body.transactions).toEqual([])
  })

  test('or refused, where the server cannot reach the archive, and nothing is written', async () => {
    const { user, token, account, entered, enter, balance } = await withEntries()
    const path = `/v1/transactions/${entered[0].id}`
    const token2 = await bare.tokenFor(user.id)
    for (const [method, body] of [
      ['GET', undefined],
      ['DELETE', undefined],
      ['PATCH', { note: 'x' }],
    ] as const) {
      const answer = await bare.json(method, path, { token: token2, body })
      expect(answer.body, method).toMatchObject({
        type: 'urn:tidemark:problem:archive-unavailable',
        title: 'The archive of older transactions cannot be reached',
      })
      // Where an archive is, and how it is set, is for its operator.
      expect(answer.body.detail).toBeUndefined()
      expect(answer.status).toBe(503)
    }
    for (const list of ['/v1/transactions', '/v1/transactions/export'])
      expect((await bare.json('GET', list, { token: token2 })).status, list).toBe(503)
    expect(await bare.json('GET', '/v1/feed', { token: token2 })).toMatchObject({
      status: 200,
      body: { balance: '15', transactions: [], archived: true },
    })
    expect((await bare.ask('GET', '/v1/transactions?from=2024-06-01', { token: token2 })).status).toBe(200)
    expect((await http.json('GET', path, { token })).body).toEqual(entered[0])
    expect(await balance()).toBe('15')
    // What needs nothing of it is written; and the same request again, which is known by its key, is answered.
    const again = await enter(bare, '2024-01-08', 'bare')
    expect(again.status).toBe(201)
    await run()
    expect(await enter(bare, '2024-01-08', 'bare')).toMatchObject({ status: 201, body: again.body })
    expect(await balance()).toBe('20')
    const set = (app: TestApp) =>
      app.json('PUT', `/v1/accounts/${account.id}/balances/2024-01-09`, {
        token,
        body: { asset: 'EUR', amount: '100' },
        headers: { 'idempotency-key': `set-${keys++}` },
      })
    expect((await set(bare)).status).toBeLessThan(300)
    expect(await balance()).toBe('105')
  })

  test('an old statement file is known, also with its rows in the archive', async () => {
    const { user, sourceId } = await newPerson(db)
    const token = await http.tokenFor(user.id)
    const csv =
      'account,id,date,amount,asset\nGiro,1,2024-01-03,-50.00,EUR\nGiro,,2024-01-09,11.50,EUR\nGiro,,2024-01-09,11.50,EUR\n'
    const upload = (app: TestApp) => app.json('POST', `/v1/sources/${sourceId}/files`, { token, body: csv })
    expect((await upload(http)).body.accounts).toMatchObject([{ added: 3 }])
    await run()
    const refused = await upload(bare)
    expect(refused).toMatchObject({ status: 503, body: { type: 'urn:tidemark:problem:archive-unavailable' } })
    expect(await placesOf(db, user.id)).toMatchObject({ here: 0, archived: 3 })
    expect((await upload(http)).body.accounts).toMatchObject([{ added: 0, unchanged: 3 }])
    expect((await walk(token, '', 500)).transactions).toHaveLength(3)
  })
})

test('the document tells which routes need the archive', async () => {
  const operations = await readOperations(http.app)
  const needing = operations.filter(({ responses }) =>
    responses[503]?.description.includes('`archive-unavailable`'),
  )
  expect(needing.map(({ id }) => id).sort()).toEqual([
    'createTransaction',
    'deleteTransaction',
    'exportTransactions',
    'getTransaction',
    'listTransactions',
    'updateTransaction',
    'uploadStatementFile',
  ])
})
