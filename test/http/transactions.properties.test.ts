import { Big } from 'big.js'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import type { Upsert } from '../../src/page.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import { propertyRuns } from '../setup/property-runs.ts'

const numRuns = propertyRuns(40, 150)

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

const words = ['Rent', 'rent_2', '50% off', 'a\\b', 'ÄRZTE', 'ärzte', 'coffee']
const word = fc.constantFrom(...words)
const day = fc
  .oneof(
    fc.integer({ min: -40, max: 5 }),
    fc.integer({ min: -1500, max: 400 }),
    fc.constantFrom(0, -31, -32, -33, -95, -96, -97),
  )
  .map((offset) => addDays('2024-06-15', offset))

const content = fc.record(
  {
    account: fc.constantFrom('A', 'B'),
    bookedOn: day,
    amount: fc.integer({ min: -300, max: 300 }).map((cents) => new Big(cents).div(100).toFixed()),
    asset: fc.constantFrom('EUR', 'BTC', 'stETH'),
    kind: fc.constantFrom('card', 'fee'),
    status: fc.constantFrom('posted' as const, 'posted' as const, 'pending' as const, 'requested' as const),
    occurredAt: fc.constantFrom(
      '2024-06-01T08:00:00.000Z',
      '2024-06-01T08:00:00.001Z',
      '2024-06-02T08:00:00.000Z',
    ),
    description: word,
    counterparty: word,
    category: word,
  },
  { requiredKeys: ['account', 'bookedOn', 'amount', 'asset', 'kind', 'status'] },
)
const id = fc.integer({ min: 0, max: 50 }).map(String)

/** Says at least one thing: a change that changes nothing is refused. */
const annotation = fc
  .record(
    {
      category: fc.option(word),
      note: fc.option(word),
      tags: fc.option(fc.uniqueArray(word, { maxLength: 3 })),
      transfer: fc.option(fc.boolean()),
      excluded: fc.option(fc.boolean()),
    },
    { requiredKeys: [] },
  )
  .filter((said) => Object.keys(said).length > 0)

/** What happens between two pages; `at` is the place of the annotated one among those that are there. */
const step = fc.oneof(
  fc.record({ type: fc.constant('upsert' as const), id, content }),
  fc.record({ type: fc.constant('delete' as const), id, account: fc.constantFrom('A', 'B') }),
  fc.record({ type: fc.constant('annotate' as const), at: fc.nat(), annotation }),
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface Filter {
  account?: 'A' | 'B'
  from?: string
  to?: string
  asset?: string
  kind?: string
  status?: string
  min?: string
  max?: string
  q?: string
  category?: string
  tag?: string
}

/** At most two of them, or hardly anything would be left. */
const filter: fc.Arbitrary<Filter> = fc
  .record({
    all: fc.record({
      account: fc.constantFrom('A' as const, 'B' as const),
      from: day,
      to: day,
      asset: fc.constantFrom('EUR', 'eur', 'btc', 'steth'),
      kind: fc.constantFrom('card', 'fee'),
      status: fc.constantFrom('posted', 'pending', 'requested'),
      min: fc.constantFrom('-1', '0', '0.50'),
      max: fc.constantFrom('-0.5', '0', '2'),
      q: fc.constantFrom('rent', '%', '_', '\\', 'ärz', '0% O', 'E'),
      category: word,
      tag: word,
    }),
    names: fc.uniqueArray(
      fc.constantFrom(
        'account',
        'from',
        'to',
        'asset',
        'kind',
        'status',
        'min',
        'max',
        'q',
        'category',
        'tag',
      ),
      { maxLength: 2 },
    ),
  })
  .map(({ all, names }) => Object.fromEntries(names.map((name) => [name, all[name as keyof typeof all]])))
  .filter(({ from, to }) => from === undefined || to === undefined || from <= to)

interface Listed {
  id: string
  date: string
  time: string | null
  accountId: string
  amount: string
  asset: string
  kind: string
  status: string
  description: string | null
  counterparty: string | null
  category: string | null
  note: string | null
  tags: string[]
}

/** Everything that is stored of a user, in the order of the list. */
async function everything(userId: string): Promise<(Listed & { account: string })[]> {
  const rows = await db.sql`
    SELECT t.*, a.external_id, n.category AS own_category, n.note, n.tags,
      to_char(t.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS instant
    FROM transaction t JOIN account a ON a.id = t.account_id
    LEFT JOIN transaction_annotation n ON n.user_id = t.user_id AND n.transaction_id = t.id
    WHERE t.user_id = ${userId}`
  return rows
    .map((each) => ({
      id: each.id,
      date: each.booked_on,
      time: each.instant,
      account: each.external_id,
      accountId: each.account_id,
      amount: new Big(each.amount).toFixed(),
      asset: each.asset,
      kind: each.kind,
      status: each.status,
      description: each.description,
      counterparty: each.counterparty,
      category: each.own_category ?? each.category,
      note: each.note,
      tags: each.tags ?? [],
    }))
    .sort((a, b) => (isBefore(a, b) ? -1 : 1))
}

function isBefore(a: Listed, b: Listed): boolean {
  if (a.date !== b.date) return a.date > b.date
  if (a.time !== b.time) return a.time !== null && (b.time === null || a.time > b.time)
  return a.id > b.id
}

function matches(each: Listed & { account: string }, filter: Filter): boolean {
  const { account, from, to, asset, kind, status, min, max, q, category, tag } = filter
  const texts = [each.description, each.counterparty, each.note, each.category]
  return (
    (account === undefined || each.account === account) &&
    (from === undefined || each.date >= from) &&
    (to === undefined || each.date <= to) &&
    (asset === undefined || each.asset.toUpperCase() === asset.toUpperCase()) &&
    (kind === undefined || each.kind === kind) &&
    (status === undefined || each.status === status) &&
    (min === undefined || new Big(each.amount).gte(min)) &&
    (max === undefined || new Big(each.amount).lte(max)) &&
    (q === undefined || texts.some((text) => text?.toLowerCase().includes(q.toLowerCase()))) &&
    (category === undefined || each.category === category) &&
    (tag === undefined || each.tags.includes(tag))
  )
}

function upsert(
  id: string,
  { bookedOn, amount, ...rest }: typeof content extends fc.Arbitrary<infer Value> ? Value : never,
) {
  return row(id, bookedOn, amount, rest as Partial<Upsert>)
}

async function take(step: Step, userId: string, sourceId: string, token: string): Promise<void> {
  if (step.type === 'upsert') {
    await ingest(db, sourceId, [upsert(step.id, step.content)])
  } else if (step.type === 'delete') {
    await ingest(db, sourceId, [{ type: 'delete', account: step.account, id: step.id }])
  } else {
    const there = await everything(userId)
    if (there.length === 0) return
    const { id } = there[step.at % there.length]!
    const { status } = await http.json('PATCH', `/v1/transactions/${id}`, { token, body: step.annotation })
    expect(status).toBe(200)
  }
}

test(`each page is what stands behind the one before, and what is there all the while is in exactly one (${numRuns} lists)`, async () => {
  let run = 0
  let pages = 0
  let lasting = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(content, { minLength: 5, maxLength: 50 }),
      fc.array(annotation, { maxLength: 6 }),
      fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 8 }),
      filter,
      fc.integer({ min: 1, max: 12 }),
      async (contents, annotations, between, filter, limit) => {
        const { user, sourceId } = await newPerson(db)
        const token = await http.tokenFor(user.id)
        await ingest(
          db,
          sourceId,
          contents.map((each, n) => upsert(String(n), each)),
        )
        for (const [at, annotation] of annotations.entries())
          await take({ type: 'annotate', at: at * 7, annotation }, user.id, sourceId, token)
        // Now and then what is read lies in the columnstore, and in the aggregates.
        if (run++ % 50 === 10) {
          await refreshRollups(db.sql, db.engine)
          await compressEverything(db)
        }
        const { account, ...fields } = filter
        const query = new URLSearchParams({ limit: String(limit), ...fields })
        if (account !== undefined) {
          const [held] = await db.sql<{ id: string }[]>`
            SELECT id FROM account WHERE user_id = ${user.id} AND external_id = ${account}`
          if (held === undefined) return
          query.set('accountId', held.id)
        }

        const read: Listed[] = []
        let always: Map<string, Listed> | undefined
        const see = async () => {
          const there = (await everything(user.id)).filter((each) => matches(each, filter))
          const places = new Map(there.map((each) => [`${each.date} ${each.time} ${each.id}`, each]))
          always = new Map([...(always ?? places)].filter(([place]) => places.has(place)))
          return there
        }
        for (let turn = 0; ; turn++) {
          const there = await see()
          const last = read.at(-1)
          const behind = there.filter((each) => last === undefined || isBefore(last, each))
          const { status, body } = await http.json('GET', `/v1/transactions?${query}`, { token })
          expect(status).toBe(200)
          pages++
          expect(body.transactions).toMatchObject(
            behind.slice(0, limit).map(({ account: _, ...each }) => each),
          )
          expect(body.transactions).toHaveLength(Math.min(limit, behind.length))
          expect(body.nextCursor === null).toBe(behind.length <= limit)
          read.push(...body.transactions)
          if (body.nextCursor === null) break
          query.set('cursor', body.nextCursor)
          for (const each of between[turn] ?? []) {
            await take(each, user.id, sourceId, token)
            await see()
          }
        }
        const times = (place: string) =>
          read.filter((each) => `${each.date} ${each.time} ${each.id}` === place).length
        for (const place of always?.keys() ?? []) {
          lasting++
          expect([place, times(place)]).toEqual([place, 1])
        }
      },
    ),
    { numRuns },
  )
  expect(pages).toBeGreaterThan(numRuns)
  expect(lasting).toBeGreaterThan(numRuns)
})
