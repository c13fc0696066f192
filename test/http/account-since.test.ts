import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import type { Delete, Upsert } from '../../src/page.ts'
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
  const token = await http.tokenFor(user.id)
  return {
    user,
    token,
    say: (...changes: (Upsert | Delete)[]) => ingest(db, sourceId, changes),
    /** The day of each account, by its name, as the list tells it; each tells the same alone. */
    async since(): Promise<Record<string, string | null>> {
      const { accounts } = (await http.json('GET', '/v1/accounts', { token })).body
      for (const { id, since } of accounts)
        expect((await http.json('GET', `/v1/accounts/${id}`, { token })).body.since).toBe(since)
      return Object.fromEntries(
        accounts.map(({ name, since }: { name: string; since: string | null }) => [name, since]),
      )
    },
  }
}

const refresh = () => refreshRollups(db.sql, db.engine)
const of = (account: string, rest: Partial<Upsert> = {}) => ({ account, ...rest })

test('an account begins on the day of its first posted transaction, with late rows before a refresh and after', async () => {
  const { say, since } = await person()
  await say(
    row('1', '2024-02-10', '1'),
    row('2', '2024-02-20', '1', of('B')),
    row('3', '2024-01-01', '1', of('C', { status: 'pending' })),
    row('4', '2024-03-05', '0', of('D')),
  )
  const first = { A: '2024-02-10', B: '2024-02-20', C: null, D: '2024-03-05' }
  expect(await since()).toEqual(first)
  await refresh()
  expect(await since()).toEqual(first)
  // Into the month that others begin in, and behind it.
  await say(row('5', '2024-02-15', '1', of('B')), row('6', '2024-04-01', '1', of('C')))
  const second = { ...first, B: '2024-02-15', C: '2024-04-01' }
  expect(await since()).toEqual(second)
  await compressEverything(db)
  await say(row('7', '2019-07-31', '1', of('D')))
  const third = { ...second, D: '2019-07-31' }
  expect(await since()).toEqual(third)
  await refresh()
  await compressEverything(db)
  expect(await since()).toEqual(third)
})

test('what goes, moves or is no longer posted begins nothing', async () => {
  const { say, since } = await person()
  await say(
    row('1', '2024-01-31', '1'),
    row('2', '2024-03-01', '1'),
    row('3', '2024-01-15', '1', of('B')),
    row('4', '2024-05-01', '1', of('C')),
  )
  await refresh()
  await say(
    { type: 'delete', account: 'A', id: '1' },
    row('3', '2024-01-16', '1', of('B')),
    row('4', '2024-05-01', '1', of('C', { status: 'pending' })),
  )
  const after = { A: '2024-03-01', B: '2024-01-16', C: null }
  expect(await since()).toEqual(after)
  await refresh()
  expect(await since()).toEqual(after)
})

test('of days that a policy has refreshed and months that it has not, the answer is exact', async ({
  skip,
}) => {
  if (db.engine !== 'timescale') skip('triggers keep both')
  const { say, since } = await person()
  await say(row('1', '2024-02-10', '1'), row('2', '2024-02-20', '1', of('B')))
  await refresh()
  await say(row('3', '2024-02-05', '1', of('C')), row('4', '2024-02-12', '1', of('B')))
  await db.sql.unsafe(`CALL refresh_continuous_aggregate('daily_flow', '2024-01-01', '2024-03-01')`)
  expect(await since()).toEqual({ A: '2024-02-10', B: '2024-02-12', C: '2024-02-05' })
})

test('others’ accounts and their marks change nothing', async () => {
  const [mine, theirs] = [await person(), await person()]
  await mine.say(row('1', '2024-02-10', '1'))
  await refresh()
  await theirs.say(row('1', '2020-01-01', '1'))
  expect(await mine.since()).toEqual({ A: '2024-02-10' })
  expect(await theirs.since()).toEqual({ A: '2020-01-01' })
})

const arbitraryStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(
      fc.record({
        account: fc.constantFrom('A', 'B', 'C'),
        id: fc.integer({ min: 1, max: 5 }),
        day: fc.integer({ min: 0, max: 100 }),
        status: fc.constantFrom('posted', 'posted', 'posted', 'pending', 'gone'),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  },
  { weight: 2, arbitrary: fc.constant('refresh' as const) },
)

test('whatever came, moved and went, it is the first posted row', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { minLength: 2, maxLength: 8 }), async (steps) => {
      const { user, say, since } = await person()
      for (const step of steps) {
        if (step === 'refresh') await refresh()
        else
          await say(
            ...step.map(({ account, id, day, status }): Upsert | Delete => {
              if (status === 'gone') return { type: 'delete', account, id: `${account}${id}` }
              const rest = of(account, { status: status as Upsert['status'] })
              return row(`${account}${id}`, addDays('2023-11-20', day), '1', rest)
            }),
          )
        const rows = await db.sql<{ name: string; day: string | null }[]>`
          SELECT a.name, min(t.booked_on) AS day FROM account a
          LEFT JOIN transaction t ON t.account_id = a.id AND t.user_id = a.user_id AND t.status = 'posted'
          WHERE a.user_id = ${user.id} GROUP BY a.id`
        expect(await since()).toEqual(Object.fromEntries(rows.map(({ name, day }) => [name, day])))
      }
    }),
    { numRuns: 15 },
  )
})
