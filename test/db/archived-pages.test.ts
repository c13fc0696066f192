import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { readNewestTransactions } from '../../src/archive/newest-transactions.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import type { ArchiveStore } from '../../src/archive/store.ts'
import { readReachablePage, readWholePage } from '../../src/archive/transaction-pages.ts'
import { annotateTransaction } from '../../src/db/annotations.ts'
import type { TransactionFilter, TransactionPlace } from '../../src/db/transaction-pages.ts'
import { ArchiveUnavailableError } from '../../src/errors.ts'
import { startArchive } from '../setup/archive.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'
import { propertyRuns } from '../setup/property-runs.ts'

/** Pages of a month of many transactions, of which most are cut off before the database sees them. */

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>
const months = ['2024-01-01', '2024-02-01', '2024-03-01']

beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
})

interface Walked {
  ids: string[]
  pages: number
}

async function walk(
  userId: string,
  filter: TransactionFilter,
  limit: number,
  { store = archive.store, clock }: { store?: ArchiveStore; clock?: () => Date } = {},
): Promise<Walked> {
  const walked: Walked = { ids: [], pages: 0 }
  let after: TransactionPlace | undefined
  do {
    const page = await readWholePage(
      { sql: db.sql, store, clock },
      { userId, filter, after, limit, today: '2024-06-15' },
    )
    walked.ids.push(...page.transactions.map(({ id }) => id))
    walked.pages++
    after = page.next
  } while (after)
  return walked
}

const texts = [
  'Coffee',
  'coffee shop',
  'COFFEE',
  'Kaffee 100%',
  'cafe\u0301 I',
  'Ärger',
  '\u212Aelvin',
  'İstanbul',
  'ıi',
]

/** Many of a day, and of an instant; of two accounts, the one or the other. */
async function person() {
  const { user, sourceId } = await newPerson(db)
  const rows = months.flatMap((month, m) =>
    Array.from({ length: 90 }, (_, n) => {
      const day = `${month.slice(0, 8)}${String(1 + (n % 4)).padStart(2, '0')}`
      return row(`${month} ${n}`, day, `${(n % 9) - 4}.${n % 3}0`, {
        account: n % 5 ? 'A' : 'B',
        asset: ['EUR', 'EURI', 'ETH'][n % 3]!,
        kind: n % 2 ? 'card' : 'transfer',
        description: texts[(n + m) % texts.length]!,
        ...(n % 3 && { occurredAt: `${day}T08:00:00.12345${n % 4}Z` }),
        ...(n % 7 === 0 && { category: 'food', counterparty: texts[n % 2]! }),
      })
    }),
  )
  await ingest(db, sourceId, rows)
  const { ids } = await walk(user.id, {}, 500)
  for (const id of ids.filter((_, n) => n % 11 === 0))
    await annotateTransaction(db.sql, user.id, id, { note: 'My Coffee', tags: ['a'], category: 'mine' }, now)
  const accounts = await db.sql<
    { id: string }[]
  >`SELECT id FROM account WHERE user_id = ${user.id} ORDER BY id`
  return { userId: user.id, ids, accountIds: accounts.map(({ id }) => id) }
}

const archiveAll = async () => {
  for (const month of months) await archiveMonth(archive, month, { rowsPerFile: 200 })
}

test('pages of any size and filter are the same as without the archive', async () => {
  const { userId, accountIds } = await person()
  // Most questions name one or two things.
  const maybe = <Value>(...values: Value[]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...values) },
    )
  const questions = fc.sample(
    fc.record({
      limit: fc.constantFrom(1, 2, 7, 30, 100),
      filter: fc.record({
        accountId: maybe(...accountIds),
        from: maybe('2024-01-03', '2024-02-04'),
        to: maybe('2024-02-02', '2024-03-01'),
        asset: maybe('EUR', 'eur', 'euri', 'ETH', 'ıx'),
        kind: maybe('card'),
        min: maybe('-1.1', '2'),
        max: maybe('3.20', '0'),
        category: maybe('food', 'mine'),
        tag: maybe('a'),
        text: maybe('coffee', 'Coffee', 'COFFEE', '100%', 'k', 'ä', 'i', 'I', 'My', 'none of it'),
      }),
    }),
    propertyRuns(60, 200),
  )
  const before: string[][] = []
  for (const { filter, limit } of questions) before.push((await walk(userId, filter, limit)).ids)
  expect(before.filter((ids) => ids.length > 0).length).toBeGreaterThan(questions.length / 4)
  await archiveAll()
  for (const [index, { filter, limit }] of questions.entries())
    expect((await walk(userId, filter, limit)).ids, JSON.stringify([filter, limit])).toEqual(before[index])
  for (const month of months) await restoreMonth(archive, month)
})

test('whoever goes through a month page by page reads its file once', async () => {
  const { userId, ids } = await person()
  await archiveAll()
  const asked: string[] = []
  const store: ArchiveStore = {
    ...archive.store,
    get: (key, range) => {
      asked.push(`${key} ${range?.start}`)
      return archive.store.get(key, range)
    },
  }
  const [one, other] = await Promise.all([walk(userId, {}, 7, { store }), walk(userId, {}, 7, { store })])
  expect([one.ids, other.ids]).toEqual([ids, ids])
  expect(one.pages).toBeGreaterThan(30)
  expect(asked.length).toBeGreaterThan(0)
  expect(new Set(asked).size).toBe(asked.length)
})

test('a page whose time is over ends behind a month, and the next one does not read it again', async () => {
  const { userId, ids } = await person()
  await archiveAll()
  let seconds = 0
  const clock = () => new Date(now.getTime() + 3000 * seconds++)
  const nothing = await walk(userId, { text: 'none of it' }, 50, { clock })
  // One for each month.
  expect(nothing).toEqual({ ids: [], pages: months.length + 1 })
  expect((await walk(userId, {}, 500, { clock })).ids).toEqual(ids)
})

/** The archive, of which each read may fail. What was read once is kept. */
function unreliable(isAway: () => boolean): ArchiveStore {
  return {
    ...archive.store,
    get: async (key, range) => {
      if (isAway()) throw new ArchiveUnavailableError('away')
      return archive.store.get(key, range)
    },
  }
}

test('pages that end before what cannot be read, and those that are asked for again, have each transaction once', async () => {
  const { userId, ids } = await person()
  const later = await newPerson(db)
  await ingest(db, later.sourceId, [row('1', '2024-06-01', '1'), row('2', '2024-01-02', '1')])
  await archiveAll()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
      fc.constantFrom(7, 60, 100, 500),
      async (away, limit) => {
        const store = unreliable(() => away.shift() ?? false)
        const found: string[] = []
        let after: TransactionPlace | undefined
        for (let isLast = false; !isLast; ) {
          const page = await readReachablePage(
            { sql: db.sql, store },
            { userId, filter: {}, after, limit, today: '2024-06-15' },
          )
          found.push(...page.transactions.map(({ id }) => id))
          if (page.fault) expect(page.next === undefined).toBe(page.transactions.length === 0)
          isLast = !page.fault && !page.next
          after = page.next ?? after
        }
        expect(found).toEqual(ids)
      },
    ),
    { numRuns: propertyRuns(20, 100) },
  )
  const newest = (store: ArchiveStore | undefined, ...patience: number[]) =>
    readNewestTransactions(
      { sql: db.sql, store, clock: () => now },
      { userId: later.user.id, limit: 5, today: '2024-06-15' },
      ...patience,
    )
  expect(await newest(archive.store)).toMatchObject({
    transactions: [{ date: '2024-06-01' }, { date: '2024-01-02' }],
    archived: true,
    fault: undefined,
  })
  const isCut = {
    transactions: [{ date: '2024-06-01' }],
    archived: true,
    fault: expect.any(ArchiveUnavailableError),
  }
  expect(await newest(undefined)).toMatchObject(isCut)
  // One that never answers.
  const silent: ArchiveStore = { ...archive.store, get: () => new Promise(() => {}) }
  expect(await newest(silent, 10)).toMatchObject(isCut)
})
