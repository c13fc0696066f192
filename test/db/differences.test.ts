import { expect, test } from 'vitest'
import { countDifferences } from '../../src/db/differences.ts'
import { cloneDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

const db = await cloneDatabase()
const counted = async (limit?: number) => countDifferences(db.sql, limit)
const report = (day: string, amount: string, account = 'A', asset = 'EUR') => ({
  account,
  asset,
  day,
  edge: 'close' as const,
  amount,
})

test('the newest report of an account and asset counts, whatever older ones said', async () => {
  expect(await counted()).toEqual({ count: 0, more: false })
  const { sourceId } = await newPerson(db)
  // The first report is met by an opening; the second one differs, and the third does no more.
  await ingest(db, sourceId, [row('1', '2024-01-10', '5')], [report('2024-01-10', '100')])
  await ingest(db, sourceId, [], [report('2024-01-11', '90')])
  expect(await counted()).toEqual({ count: 1, more: false })
  await ingest(db, sourceId, [], [report('2024-01-12', '100')])
  const [stored] = await db.sql`SELECT count(*)::int AS count FROM reconciliation WHERE difference <> 0`
  expect(stored!.count).toBe(1)
  expect(await counted()).toEqual({ count: 0, more: false })
  // Many days that differ are one balance that does.
  for (const day of ['13', '14', '15']) await ingest(db, sourceId, [], [report(`2024-01-${day}`, '80')])
  expect(await counted()).toEqual({ count: 1, more: false })
  // What was missing comes later.
  await ingest(db, sourceId, [row('2', '2024-01-13', '-20')])
  expect(await counted()).toEqual({ count: 0, more: false })
})

test('each account and asset for itself; where there are too many to look at, the count says so', async () => {
  const { sourceId } = await newPerson(db)
  const places = ['A', 'B', 'C'].flatMap((account) => ['EUR', 'USD'].map((asset) => ({ account, asset })))
  const reports = (day: string, amount: string) =>
    places.map(({ account, asset }) => report(day, amount, account, asset))
  await ingest(db, sourceId, [], reports('2024-01-10', '100'))
  await ingest(db, sourceId, [], reports('2024-01-11', '99').slice(0, 5))
  // The account of the test before has differed once: it is looked at, too.
  expect(await counted()).toEqual({ count: 5, more: false })
  expect(await counted(6)).toEqual({ count: 5, more: false })
  const least = await counted(3)
  expect(least.more).toBe(true)
  expect(least.count).toBeLessThanOrEqual(5)
  expect(least.count).toBeGreaterThanOrEqual(2)
})
