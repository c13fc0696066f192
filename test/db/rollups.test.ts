import { beforeAll, describe, expect, test } from 'vitest'
import { readBalances } from '../../src/db/balances.ts'
import { connect } from '../../src/db/client.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

const marks = async (userId: string) =>
  (await db.sql<{ from_day: string }[]>`SELECT from_day FROM rollup_dirty WHERE user_id = ${userId}`).map(
    (mark) => mark.from_day,
  )
const flows = async (userId: string) =>
  (
    await db.sql<
      { day: string; amount: string }[]
    >`SELECT day, amount FROM daily_flow WHERE user_id = ${userId} ORDER BY day`
  ).map((flow) => `${flow.day} ${Number(flow.amount)}`)
const balance = async (userId: string, at: string) =>
  (await readBalances(db.sql, { userId, at, currency: 'EUR' }))[0]?.quantity

test('on plain the flows are exact at once and nothing is ever dirty', async ({ skip }) => {
  if (db.engine !== 'plain') skip('timescale refreshes later')
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [
    row('1', '2024-01-05', '1'),
    row('2', '2024-01-05', '2'),
    row('3', '2024-02-05', '4'),
  ])
  expect(await flows(user.id)).toEqual(['2024-01-05 3', '2024-02-05 4'])
  await ingest(db, sourceId, [row('3', '2024-03-05', '5'), { type: 'delete', account: 'A', id: '1' }])
  expect(await flows(user.id)).toEqual(['2024-01-05 2', '2024-03-05 5'])
  expect(await marks(user.id)).toEqual([])
  // Also by statements that are not ingest's: an update across partitions, a delete.
  const move = () => db.sql`
    UPDATE transaction SET booked_on = '2024-11-01', amount = 6 WHERE user_id = ${user.id} AND booked_on = '2024-03-05'`
  await expect(move()).rejects.toThrow('no partition of relation')
  await db.sql`SELECT ensure_transaction_partitions('2024-11-01', '2024-11-01')`
  await move()
  expect(await flows(user.id)).toEqual(['2024-01-05 2', '2024-11-01 6'])
  await db.sql`DELETE FROM transaction WHERE user_id = ${user.id}`
  expect(await flows(user.id)).toEqual([])
  expect(await db.sql`SELECT 1 FROM monthly_flow WHERE user_id = ${user.id}`).toHaveLength(0)
})

describe('on timescale', () => {
  test('a write marks its first day, and the pass behind it clears the mark', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2024-02-05', '1'), row('2', '2024-01-05', '2')])
    expect(await marks(user.id)).toEqual(['2024-01-05'])
    expect(await flows(user.id)).toEqual([])
    expect(await balance(user.id, '2024-02-05')).toBe('3')
    expect(await refreshRollups(db.sql, db.engine)).toMatchObject({
      window: { from: '2024-01-01' },
      busy: false,
    })
    expect(await marks(user.id)).toEqual([])
    expect(await flows(user.id)).toEqual(['2024-01-05 2', '2024-02-05 1'])
    // The day that a row leaves is dirty as well as the day that it goes to.
    await ingest(db, sourceId, [row('2', '2024-03-05', '2')])
    expect(await marks(user.id)).toEqual(['2024-01-05'])
  })

  test('a write that is under way when the pass begins keeps its mark', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    const { user: other, sourceId: otherSource } = await newPerson(db)
    await refreshRollups(db.sql, db.engine)
    await ingest(db, sourceId, [row('1', '2024-01-05', '1')])
    const writer = connect(db.url, { max: 1 })
    const session = await writer.reserve()
    await session`BEGIN`
    await session`SELECT pg_current_xact_id()`
    // Newer than the open transaction: what it marks later is older than this mark, which therefore has to stay.
    await ingest(db, otherSource, [row('1', '2024-01-07', '1')])
    await refreshRollups(db.sql, db.engine)
    expect([await marks(user.id), await marks(other.id)]).toEqual([[], ['2024-01-07']])
    expect(await balance(other.id, '2024-01-07')).toBe('1')
    await session`ROLLBACK`
    session.release()
    await writer.end()
    await refreshRollups(db.sql, db.engine)
    expect(await marks(other.id)).toEqual([])
    expect(await balance(other.id, '2024-01-07')).toBe('1')
  })

  test('a row far in the future moves no watermark past it', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('far', '2190-01-05', '1')])
    await refreshRollups(db.sql, db.engine)
    await ingest(db, sourceId, [row('near', '2024-06-01', '2')])
    expect(await balance(user.id, '2024-06-01')).toBe('2')
    await refreshRollups(db.sql, db.engine)
    expect([await balance(user.id, '2024-06-01'), await balance(user.id, '2195-01-01')]).toEqual(['2', '3'])
  })
})
