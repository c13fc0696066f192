import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readBalances } from '../../src/db/balances.ts'
import { connect } from '../../src/db/client.ts'
import { refreshDeep, refreshRecent, refreshRollups } from '../../src/db/rollups.ts'
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

/** Passes until one finds no transaction of the server older than the marks; other tests have theirs. */
async function passUntilClear(userId: string): Promise<void> {
  while ((await marks(userId)).length > 0) await refreshRollups(db.sql, db.engine)
}

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
  await db.sql`SELECT ensure_transaction_partitions(ARRAY['2024-11-01'::date])`
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
    await passUntilClear(user.id)
    expect(await flows(user.id)).toEqual(['2024-01-05 2', '2024-02-05 1'])
    // The day that a row leaves is dirty as well as the day that it goes to.
    await ingest(db, sourceId, [row('2', '2024-03-05', '2')])
    expect(await marks(user.id)).toEqual(['2024-01-05'])
  })

  test('a mark that is newer than a transaction under way stays', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    const writer = connect(db.url, { max: 1 })
    const session = await writer.reserve()
    await session`BEGIN`
    await session`SELECT pg_current_xact_id()`
    await ingest(db, sourceId, [row('1', '2024-01-07', '1')])
    await refreshRollups(db.sql, db.engine)
    expect(await marks(user.id)).toEqual(['2024-01-07'])
    expect(await balance(user.id, '2024-01-07')).toBe('1')
    await session`ROLLBACK`
    session.release()
    await writer.end()
    await passUntilClear(user.id)
    expect(await balance(user.id, '2024-01-07')).toBe('1')
  })

  test('months follow their days also where a change ends on the first of a month', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [
      row('1', '2026-02-10', '1'),
      row('2', '2026-03-01', '10'),
      row('3', '2026-04-10', '100'),
    ])
    await passUntilClear(user.id)
    await ingest(db, sourceId, [row('4', '2026-02-20', '1000'), row('5', '2026-03-01', '10000')])
    await passUntilClear(user.id)
    expect(await balance(user.id, '2026-12-31')).toBe('11111')
  })

  test('random writes and passes leave months that are the sums of their days', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    const days = [
      '2025-01-01',
      '2025-01-31',
      '2025-02-01',
      '2025-02-28',
      '2025-03-01',
      '2025-03-15',
      '2025-05-01',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...days)), {
          minLength: 1,
          maxLength: 4,
        }),
        async (writes) => {
          await ingest(
            db,
            sourceId,
            writes.map(([id, day]) => row(`random ${id}`, day, `${id}`)),
          )
          await passUntilClear(user.id)
          const differing = await db.sql`
          SELECT 1 FROM (SELECT month_start(day) AS month, sum(amount) AS amount FROM daily_flow WHERE user_id = ${user.id} GROUP BY 1) AS d
          FULL JOIN (SELECT month, sum(amount) AS amount FROM monthly_flow WHERE user_id = ${user.id} GROUP BY 1) AS m USING (month)
          WHERE d.amount IS DISTINCT FROM m.amount`
          expect(differing).toHaveLength(0)
        },
      ),
      { numRuns: 60 },
    )
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

  const today = '2024-06-15'
  const recent = () => refreshRecent(db.sql, db.engine, { days: 120, today })
  const deep = (batchMonths = 12) => refreshDeep(db.sql, db.engine, { batchMonths, today })

  test('the recent pass clears marks that begin in its window alone; the deep one takes the rest', async ({
    skip,
  }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const [near, edge, far] = [await newPerson(db), await newPerson(db), await newPerson(db)]
    await ingest(db, near.sourceId, [row('1', '2024-06-10', '1'), row('2', '2024-12-01', '2')])
    // The month in which the window begins, 2024-02-16, is refreshed from its first day on.
    await ingest(db, edge.sourceId, [row('1', '2024-02-01', '3')])
    await ingest(db, far.sourceId, [row('1', '2024-01-31', '4'), row('2', '2024-06-10', '5')])
    while ((await marks(near.user.id)).length + (await marks(edge.user.id)).length > 0) await recent()
    expect(await flows(near.user.id)).toEqual(['2024-06-10 1', '2024-12-01 2'])
    expect(await marks(far.user.id)).toEqual(['2024-01-31'])
    expect(await balance(far.user.id, '2024-12-31')).toBe('9')
    expect((await recent()).window).toBeUndefined()
    while ((await marks(far.user.id)).length > 0) await deep()
    expect(await flows(far.user.id)).toEqual(['2024-01-31 4', '2024-06-10 5'])
    expect(await balance(far.user.id, '2024-12-31')).toBe('9')
  })

  test('batches go from the newest to the oldest, and what was cleared stays cleared where the pass ends early', async ({
    skip,
  }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const days = ['2024-06-10', '2023-03-03', '2021-08-08']
    const people: Awaited<ReturnType<typeof newPerson>>[] = []
    for (const day of days) {
      const person = await newPerson(db)
      await ingest(db, person.sourceId, [row('1', day, '7')])
      people.push(person)
    }
    const left = async () => (await Promise.all(people.map(({ user }) => marks(user.id)))).flat()
    const stop = new AbortController()
    const options = { signal: stop.signal, onWindow: (done: number) => done === 2 && stop.abort() }
    while ((await left()).length > 1)
      await refreshDeep(db.sql, db.engine, { batchMonths: 10, today }, options)
    expect(await left()).toEqual(['2021-08-08'])
    while ((await left()).length > 0) await deep()
    for (const { user } of people) expect(await balance(user.id, '2024-12-31')).toBe('7')
  })

  test.each(['recent', 'deep'] as const)(
    'a write that commits while the %s pass runs keeps its mark',
    async (name) => {
      if (db.engine !== 'timescale') return
      const day = name === 'recent' ? '2024-06-11' : '2022-06-11'
      const [early, late] = [await newPerson(db), await newPerson(db)]
      await ingest(db, early.sourceId, [row('1', day, '1')])
      await ingest(db, late.sourceId, [row('1', day, '1')])
      // Behind the horizon, before anything is refreshed or cleared.
      let written = false
      const beforeRefresh = new Proxy(db.sql, {
        get: (target, key) =>
          key !== 'unsafe'
            ? Reflect.get(target, key, target)
            : async (text: string) => {
                if (!written) await ingest(db, late.sourceId, [row('1', day, '10'), row('2', day, '100')])
                written = true
                return target.unsafe(text)
              },
      })
      const pass =
        name === 'recent'
          ? () => refreshRecent(beforeRefresh, db.engine, { days: 120, today })
          : () => refreshDeep(beforeRefresh, db.engine, { batchMonths: 12, today })
      while ((await marks(early.user.id)).length > 0) await pass()
      expect(written).toBe(true)
      expect(await balance(early.user.id, '2024-12-31')).toBe('1')
      expect(await balance(late.user.id, '2024-12-31')).toBe('110')
      await passUntilClear(late.user.id)
      expect(await balance(late.user.id, '2024-12-31')).toBe('110')
    },
  )

  test('a write that commits behind the refresh and before the clearing keeps its mark', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2022-07-01', '1')])
    const [{ horizon }] = (await db.sql`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS horizon`) as [
      { horizon: string },
    ]
    await passUntilClear(user.id)
    await ingest(db, sourceId, [row('2', '2022-07-01', '10')])
    await db.sql`SELECT * FROM clear_rollup_marks(${horizon}::xid8, '2022-01-01', 0, 100)`
    expect(await marks(user.id)).toEqual(['2022-07-01'])
    expect(await balance(user.id, '2022-07-01')).toBe('11')
  })

  test('sums that an aggregate lost are found before a mark is cleared, and made anew', async ({ skip }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2022-03-05', '1'), row('2', '2023-03-05', '2')])
    await passUntilClear(user.id)
    // As after an invalidation that was lost: nothing tells TimescaleDB that the sums are wrong.
    const [aggregate] = await db.sql`
      SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS name
      FROM timescaledb_information.continuous_aggregates WHERE view_name = 'daily_flow'`
    await db.sql.unsafe(
      `UPDATE ${aggregate!.name} SET amount = 77 WHERE user_id = ${user.id} AND day = '2022-03-05'`,
    )
    expect(await flows(user.id)).toEqual(['2022-03-05 77', '2023-03-05 2'])
    await db.sql`SELECT mark_rollup_dirty(${user.id}, '2022-01-01')`
    while ((await marks(user.id)).length > 0) await deep(6)
    expect(await flows(user.id)).toEqual(['2022-03-05 1', '2023-03-05 2'])
    expect(await balance(user.id, '2024-01-01')).toBe('3')
  })
})
