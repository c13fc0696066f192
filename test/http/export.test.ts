import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { readStatementBatches } from '../../src/connectors/statements/reader.ts'
import { readBalances } from '../../src/db/balances.ts'
import { importStatement } from '../../src/db/import-statement.ts'
import type { Upsert } from '../../src/page.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'
import { propertyRuns } from '../setup/property-runs.ts'

const numRuns = propertyRuns(15, 40)

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

const many = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    row(`${n}`, addDays('2024-06-10', -(n % 400)), '1', { description: `row ${n} ${'x'.repeat(200)}` }),
  )

async function exported(token: string, query = ''): Promise<string> {
  const response = await http.ask('GET', `/v1/transactions/export?${query}`, { token })
  expect(response.status).toBe(200)
  return response.text()
}

test('is a file of the columns that an import reads, quoted where it must be', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [
    row('1', '2024-06-01', '-9.50', {
      description: 'Bread, "fresh"',
      counterparty: 'Baker',
      category: 'food',
      occurredAt: '2024-06-01T08:00:00.123456Z',
      group: 'g',
    }),
    row('2', '2024-06-02', '1', { status: 'pending' }),
  ])
  const response = await http.ask('GET', '/v1/transactions/export', { token })
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(response.headers.get('content-disposition')).toBe(
    'attachment; filename="tidemark-transactions-2024-06-15.csv"',
  )
  expect(response.headers.get('cache-control')).toBe('no-store')
  const { transactions } = (await http.json('GET', '/v1/transactions', { token })).body
  const [pending, bread] = transactions
  expect(await response.text()).toBe(
    [
      'account,id,date,time,amount,asset,kind,status,description,counterparty,category,group',
      `A,${pending.id},2024-06-02,,1,EUR,card,pending,,,,`,
      `A,${bread.id},2024-06-01,2024-06-01T08:00:00.123456Z,-9.5,EUR,card,posted,"Bread, ""fresh""",Baker,food,${bread.groupId}`,
      '',
    ].join('\n'),
  )
  expect(JSON.parse(await exported(token, 'format=json'))).toEqual({ transactions })
  expect(JSON.parse(await exported(token, 'format=json&status=pending'))).toEqual({ transactions: [pending] })
  expect(JSON.parse(await exported(token, 'format=json&q=nothing'))).toEqual({ transactions: [] })
  expect((await exported(token, 'q=nothing')).split('\n')).toHaveLength(2)
})

test('holds everything, over any number of pages, in the order of the list', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, many(2500))
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body } = await http.json('GET', `/v1/transactions?limit=500${query}`, { token })
    ids.push(...body.transactions.map(({ id }: { id: string }) => id))
    cursor = body.nextCursor
  }
  expect(new Set(ids).size).toBe(2500)
  const csv = (await exported(token)).trimEnd().split('\n').slice(1)
  expect(csv.map((line) => line.split(',')[1])).toEqual(ids)
  const { transactions } = JSON.parse(await exported(token, 'format=json'))
  expect(transactions.map(({ id }: { id: string }) => id)).toEqual(ids)
})

/** As an upload of the file does, by another user. */
async function importedBy(text: string): Promise<string> {
  const { user, sourceId } = await newPerson(db)
  const open = async function* () {
    yield Buffer.from(text)
  }
  const batches = readStatementBatches(open, { timeZone: 'UTC', defaultAsset: 'XXX' })
  const report = await importStatement(db.sql, batches, { sourceId, subject: 'export.csv', now })
  expect(report.faults).toEqual([])
  return user.id
}

/** What each account holds at the end of each of the days, without what it holds nothing of; the accounts in any order. */
async function histories(userId: string, days: string[]): Promise<string[]> {
  const found = new Map<string, string[]>()
  for (const at of days)
    for (const { accountId, asset, quantity } of await readBalances(db.sql, {
      userId,
      at,
      currency: 'EUR',
    })) {
      const history = found.get(accountId) ?? []
      found.set(accountId, history)
      if (quantity !== '0') history.push(`${at} ${quantity} ${asset}`)
    }
  return [...found.values()].map((history) => history.sort().join(', ')).sort()
}

const text = fc.oneof(
  fc.constantFrom('plain', 'a,b', 'say "x"', '', ' blank ', 'semi;colon', 'tab\tand\nline', '=1+1', "'"),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)
const rows = fc.array(
  fc.record({
    account: fc.constantFrom('one', 'two', 'same name', 'same  name'),
    bookedOn: fc.integer({ min: -300, max: 30 }).map((days) => addDays('2024-06-15', days)),
    amount: fc.oneof(
      fc.integer({ min: -10_000, max: 10_000 }).map((cents) => `${cents / 100}`),
      fc.constantFrom('0.000000000000000001', '123456789012345678901234567890.12'),
    ),
    asset: fc.constantFrom('EUR', 'BTC', 'stETH'),
    kind: fc.constantFrom('card', 'fee'),
    status: fc.constantFrom('posted' as const, 'posted' as const, 'pending' as const, 'requested' as const),
    description: text,
    counterparty: text,
    category: text,
  }),
  { minLength: 1, maxLength: 25 },
)

test(`read again by another user, it gives the same balances on every day (${numRuns} exports)`, async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.boolean(), async (contents, reported) => {
      const { user, sourceId, token } = await person()
      const changes = contents.map(
        ({ bookedOn, amount, ...rest }, n): Upsert => row(`${n}`, bookedOn, amount, rest),
      )
      // Opening and revaluation are Tidemark's own rows, and go along.
      const { account } = contents[0]!
      await ingest(
        db,
        sourceId,
        changes,
        reported
          ? [
              { account, asset: 'EUR', day: '2024-01-01', edge: 'close', amount: '77.7' },
              { account, asset: 'EUR', day: '2024-05-01', edge: 'set', amount: '-1000' },
            ]
          : [],
      )
      const otherId = await importedBy(await exported(token))
      const days = [...new Set(contents.map(({ bookedOn }) => bookedOn)), '2024-01-01', '2024-05-01'].sort()
      const nothing = (history: string) => history !== ''
      expect((await histories(otherId, days)).filter(nothing)).toEqual(
        (await histories(user.id, days)).filter(nothing),
      )
    }),
    { numRuns },
  )
})

test('a fault on its way breaks the answer off, instead of ending it as if it were whole', async () => {
  const own = await cloneDatabase()
  const app = await startApp(own)
  const { user, sourceId } = await newPerson(own)
  const token = await app.tokenFor(user.id)
  await ingest(own, sourceId, many(5000))
  const ask = () => app.ask('GET', '/v1/transactions/export', { token })

  const response = await ask()
  const reader = response.body!.getReader()
  expect((await reader.read()).done).toBe(false)
  await own.sql`ALTER FUNCTION transactions_between RENAME TO away`
  const readOn = async () => {
    for (;;) if ((await reader.read()).done) return 'ended'
  }
  await expect(readOn()).rejects.toThrow('the export broke off')
  // Before anything was sent, it is told as any other fault is.
  const refused = await ask()
  expect([refused.status, refused.headers.get('content-type')]).toEqual([500, 'application/problem+json'])
  await own.sql`ALTER FUNCTION away RENAME TO transactions_between`
  expect((await (await ask()).text()).trimEnd().split('\n')).toHaveLength(5001)
})

/** The application over connections that count the pages of transactions that are read through them. */
async function counted() {
  const own = await cloneDatabase()
  const read = { pages: 0 }
  const sql = new Proxy(own.sql, {
    apply(target, self, args: [readonly string[]]) {
      if (args[0].some((part) => part.includes('transaction_page('))) read.pages++
      return Reflect.apply(target as never, self, args)
    },
  })
  const app = await startApp({ ...own, sql })
  const { user, sourceId } = await newPerson(own)
  const token = await app.tokenFor(user.id)
  // Longer than what connections hold on their way.
  const long = many(10_000).map((each) => ({ ...each, description: 'x'.repeat(2000) }))
  await ingest(own, sourceId, long)
  /** Long enough for whatever is under way to go on. */
  const meanwhile = async () => {
    for (let turn = 0; turn < 50; turn++) await own.sql`SELECT 1`
  }
  return { app, own, token, read, meanwhile }
}

test('reads no more than is asked for, and nothing behind a reader that is gone', async () => {
  const { app, token, read, meanwhile } = await counted()
  const going = new AbortController()
  const ask = async () =>
    app.app.request('/v1/transactions/export', {
      headers: { authorization: `Bearer ${token}` },
      signal: going.signal,
    })
  const reader = (await ask()).body!.getReader()
  await reader.read()
  await meanwhile()
  // One is read, one is ready.
  expect(read.pages).toBe(2)
  await reader.cancel()
  await meanwhile()
  expect(read.pages).toBe(2)

  const other = (await ask()).body!.getReader()
  await other.read()
  going.abort()
  await expect(other.read().then(() => other.read())).rejects.toThrow('the export broke off')
  await meanwhile()
  expect(read.pages).toBeLessThanOrEqual(5)
})

test('a process that is to stop lets an export come to its end', async () => {
  const stopping = new AbortController()
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, many(3500))
  const app = await startApp(db, { signal: stopping.signal })
  const token = await app.tokenFor(user.id)
  const { body } = await app.ask('GET', '/v1/transactions/export', { token })
  stopping.abort()
  const text = await new Response(body).text()
  expect(text.trimEnd().split('\n')).toHaveLength(3501)
})

test('over a connection, a fault is seen by the client, and one that goes stops the reading', async () => {
  const { app, own, token, read, meanwhile } = await counted()
  const server = serve({ fetch: app.app.fetch, hostname: '127.0.0.1', port: 0 })
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = async (): Promise<IncomingMessage> => {
    const asked = request({
      port,
      path: '/v1/transactions/export',
      headers: { authorization: `Bearer ${token}` },
      agent: false,
    }).end()
    const [answer] = await once(asked, 'response')
    await once(answer, 'readable')
    return answer
  }
  try {
    // Nobody reads on yet, so the server is still far from the end.
    const broken = await open()
    await own.sql`ALTER FUNCTION transactions_between RENAME TO away`
    const end = await new Promise<string>((resolve) => {
      broken.on('end', () => resolve('ended'))
      broken.on('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)))
      broken.resume()
    })
    expect([end, broken.complete]).toEqual(['ECONNRESET', false])
    await own.sql`ALTER FUNCTION away RENAME TO transactions_between`

    const connected = once(server, 'connection')
    const left = await open()
    const [socket] = await connected
    const closed = new Promise((resolve) => socket.on('close', resolve))
    left.destroy()
    await closed
    await meanwhile()
    const { pages } = read
    await meanwhile()
    expect(read.pages).toBe(pages)
    expect(pages).toBeLessThan(18)
  } finally {
    server.close()
  }
})
