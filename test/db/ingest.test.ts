import { beforeAll, describe, expect, test } from 'vitest'
import { readBalances } from '../../src/db/balances.ts'
import type { Sql } from '../../src/db/client.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, pageOf, row, storedRows } from '../setup/people.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

async function balance(userId: string, at: string, asset = 'EUR'): Promise<string | undefined> {
  const balances = await readBalances(db.sql, { userId, at, currency: 'EUR' })
  return balances.find((each) => each.asset === asset)?.quantity
}

describe('the same rows again', () => {
  test('change nothing and are counted as unchanged', async () => {
    const { user, sourceId } = await newPerson(db)
    const rows = [row('1', '2024-01-05', '10.50'), row('2', '2024-01-06', '-3')]
    expect((await ingest(db, sourceId, rows))[0]).toMatchObject({ added: 2, changed: 0, unchanged: 0 })
    const [before] =
      await db.sql`SELECT max(recorded_at)::text AS at, count(*) AS rows FROM transaction WHERE user_id = ${user.id}`
    expect((await ingest(db, sourceId, rows))[0]).toMatchObject({ added: 0, changed: 0, unchanged: 2 })
    const [after] =
      await db.sql`SELECT max(recorded_at)::text AS at, count(*) AS rows FROM transaction WHERE user_id = ${user.id}`
    expect(after).toEqual(before)
  })

  test('are the same however amount and instant are written', async () => {
    const { sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2024-01-05', '10.5', { occurredAt: '2024-01-05T10:00:00Z' })])
    const again = row('1', '2024-01-05', '10.50', { occurredAt: '2024-01-05T12:00:00+02:00' })
    expect((await ingest(db, sourceId, [again]))[0]).toMatchObject({ unchanged: 1, changed: 0 })
    const moved = { ...again, occurredAt: '2024-01-05T12:00:01+02:00' }
    expect((await ingest(db, sourceId, [moved]))[0]).toMatchObject({ changed: 1 })
  })
})

describe.each([
  ['row chunks', false],
  ['the columnstore', true],
])('a change in %s', (_, compressed) => {
  async function stored() {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [
      row('1', '2023-03-05', '10'),
      row('2', '2023-03-06', '20', { status: 'pending' }),
      row('3', '2023-04-07', '30'),
    ])
    if (compressed) {
      await refreshRollups(db.sql, db.engine)
      await compressEverything(db)
    }
    return { user, sourceId }
  }

  test('of the day moves the row, also to another chunk', async () => {
    const { user, sourceId } = await stored()
    expect((await ingest(db, sourceId, [row('1', '2023-07-20', '10')]))[0]).toMatchObject({
      added: 0,
      changed: 1,
    })
    expect(await storedRows(db, user.id)).toEqual([
      { day: '2023-03-06', amount: '20', kind: 'card', status: 'pending' },
      { day: '2023-04-07', amount: '30', kind: 'card', status: 'posted' },
      { day: '2023-07-20', amount: '10', kind: 'card', status: 'posted' },
    ])
    expect([await balance(user.id, '2023-07-19'), await balance(user.id, '2023-07-20')]).toEqual(['30', '40'])
  })

  test('of amount and state replaces the row', async () => {
    const { user, sourceId } = await stored()
    await ingest(db, sourceId, [row('1', '2023-03-05', '11'), row('2', '2023-03-06', '21')])
    expect(await balance(user.id, '2023-03-06')).toBe('32')
    expect(await storedRows(db, user.id)).toHaveLength(3)
  })

  test('of the id replaces the pending row, and its late echo does not bring it back', async () => {
    const { user, sourceId } = await stored()
    const posted = row('2 posted', '2023-03-08', '20', { replaces: ['2'] })
    await ingest(db, sourceId, [posted])
    await ingest(db, sourceId, [row('2', '2023-03-06', '20', { status: 'pending' })])
    expect((await storedRows(db, user.id)).filter(({ amount }) => amount === '20')).toEqual([
      { day: '2023-03-08', amount: '20', kind: 'card', status: 'posted' },
    ])
  })

  test('that deletes takes the row away', async () => {
    const { user, sourceId } = await stored()
    expect((await ingest(db, sourceId, [{ type: 'delete', account: 'A', id: '3' }]))[0]).toMatchObject({
      removed: 1,
    })
    expect(await balance(user.id, '2023-12-31')).toBe('10')
    expect((await ingest(db, sourceId, [{ type: 'delete', account: 'A', id: '3' }]))[0]).toMatchObject({
      removed: 0,
    })
  })
})

test('identical twins both stay', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [row('1', '2024-01-05', '-2.80'), row('2', '2024-01-05', '-2.80')])
  expect(await balance(user.id, '2024-01-05')).toBe('-5.6')
})

test('an older version never overwrites a newer one', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [row('1', '2024-01-05', '2', { version: 2 })])
  expect((await ingest(db, sourceId, [row('1', '2024-01-05', '1', { version: 1 })]))[0]).toMatchObject({
    stale: 1,
  })
  expect(await balance(user.id, '2024-01-05')).toBe('2')
})

describe('reported balances', () => {
  const reported = (day: string, edge: 'open' | 'close' | 'set', amount: string) => ({
    account: 'A',
    asset: 'EUR',
    day,
    edge,
    amount,
  })
  const reconciliations = (userId: string) =>
    db.sql`
    SELECT day, edge, trim_scale(folded) AS folded, trim_scale(difference) AS difference FROM reconciliation
    WHERE user_id = ${userId} ORDER BY day, edge`.then((rows) => rows.map((each) => ({ ...each })))

  test('an opening on the day before the first row meets the first of them', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2024-01-05', '-10')], [reported('2024-01-31', 'close', '90')])
    expect(await storedRows(db, user.id)).toEqual([
      { day: '2024-01-04', amount: '100', kind: 'opening', status: 'posted' },
      { day: '2024-01-05', amount: '-10', kind: 'card', status: 'posted' },
    ])
  })

  test('the opening moves when older history arrives', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2024-01-05', '-10')], [reported('2024-01-04', 'open', '100')])
    await ingest(db, sourceId, [row('0', '2023-06-01', '25')], [reported('2023-05-31', 'open', '75')])
    expect(await storedRows(db, user.id)).toEqual([
      { day: '2023-05-31', amount: '75', kind: 'opening', status: 'posted' },
      { day: '2023-06-01', amount: '25', kind: 'card', status: 'posted' },
      { day: '2024-01-05', amount: '-10', kind: 'card', status: 'posted' },
    ])
    expect((await reconciliations(user.id)).map(({ difference }) => difference)).toEqual(['0', '0'])
  })

  test('an opening that is not needed any more goes', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2024-01-05', '-10')], [reported('2024-01-31', 'close', '90')])
    await ingest(db, sourceId, [row('0', '2023-06-01', '100')])
    expect(await storedRows(db, user.id)).toEqual([
      { day: '2023-06-01', amount: '100', kind: 'card', status: 'posted' },
      { day: '2024-01-05', amount: '-10', kind: 'card', status: 'posted' },
    ])
  })

  test('a later one that the rows do not meet is a difference, never plugged', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(
      db,
      sourceId,
      [row('1', '2024-01-05', '-10')],
      [
        reported('2024-01-04', 'open', '100'),
        reported('2024-01-31', 'close', '90'),
        reported('2024-02-29', 'close', '70'),
      ],
    )
    expect(await reconciliations(user.id)).toEqual([
      { day: '2024-01-04', edge: 'open', folded: '100', difference: '0' },
      { day: '2024-01-31', edge: 'close', folded: '90', difference: '0' },
      { day: '2024-02-29', edge: 'close', folded: '90', difference: '-20' },
    ])
    expect(await balance(user.id, '2024-02-29')).toBe('90')
    await ingest(db, sourceId, [row('2', '2024-02-10', '-20')])
    expect((await reconciliations(user.id)).map(({ difference }) => difference)).toEqual(['0', '0', '0'])
  })

  test('one set by hand adds a revaluation that stays true when rows before it come late', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(
      db,
      sourceId,
      [],
      [reported('2024-01-31', 'set', '300000'), reported('2024-03-31', 'set', '310000')],
    )
    expect(await storedRows(db, user.id)).toEqual([
      { day: '2024-01-31', amount: '300000', kind: 'revaluation', status: 'posted' },
      { day: '2024-03-31', amount: '10000', kind: 'revaluation', status: 'posted' },
    ])
    await ingest(db, sourceId, [row('late', '2024-02-10', '4000')])
    expect([await balance(user.id, '2024-02-10'), await balance(user.id, '2024-03-31')]).toEqual([
      '304000',
      '310000',
    ])
  })
})

test('only posted rows move a balance', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [
    row('1', '2024-01-05', '1'),
    row('2', '2024-01-05', '2', { status: 'pending' }),
    row('3', '2024-01-05', '4', { status: 'requested' }),
  ])
  expect(await balance(user.id, '2024-01-05')).toBe('1')
})

test('texts that look like separators, quotes and SQL come back as they were', async () => {
  const { user, sourceId } = await newPerson(db)
  const said = `O'Hara "x" \\ {a,b} \u2028 é漢😀 NULL ; --`
  await ingest(db, sourceId, [
    row('1', '2024-01-05', '1', { description: said }),
    row('2', '2024-01-05', '1', { description: 'b\x7fc' }),
  ])
  const rows =
    await db.sql`SELECT description FROM transaction WHERE user_id = ${user.id} ORDER BY description DESC`
  expect(rows.map(({ description }) => description).sort()).toEqual([said, 'b c'].sort())
})

test('a page with an amount that is no finite number is rejected whole', async () => {
  const { user, sourceId } = await newPerson(db)
  await expect(
    ingest(db, sourceId, [row('0', '2024-01-05', '1'), row('1', '2024-01-05', 'NaN')]),
  ).rejects.toThrow()
  expect(await storedRows(db, user.id)).toEqual([])
})

test('many imports at once, of one account and of others of the same user, end as one after the other', async () => {
  const { user, sourceId } = await newPerson(db)
  // Months that no other test has, so that partitions are made at the same moment.
  const month = (n: number) =>
    `19${String(30 + Math.floor(n / 12)).padStart(2, '0')}-${String((n % 12) + 1).padStart(2, '0')}`
  const pages = Array.from({ length: 24 }, (_, n) => [
    row(`a${n}`, `${month(n % 6)}-05`, '1', { account: n % 2 === 0 ? 'A' : `B${n}` }),
    row('shared', `${month(n % 4)}-01`, '7', { account: 'A' }),
  ])
  await Promise.all(
    pages.map((page, n) =>
      ingest(
        db,
        sourceId,
        page,
        n % 3 === 0
          ? [{ account: 'A', asset: 'EUR', day: `${month(9)}-28`, edge: 'close', amount: '100' }]
          : [],
      ),
    ),
  )
  const balances = await readBalances(db.sql, { userId: user.id, at: `${month(9)}-28`, currency: 'EUR' })
  expect(balances.find((each) => each.account === 'A')?.quantity).toBe('100')
  expect(balances.filter((each) => each.account !== 'A').map((each) => each.quantity)).toEqual(
    Array.from({ length: 12 }, () => '1'),
  )
  expect((await storedRows(db, user.id)).filter(({ amount }) => amount === '7')).toHaveLength(1)
})

test('a page of today looks into the partitions of its days, however many years there are', async () => {
  const { sourceId } = await newPerson(db)
  const months = Array.from(
    { length: 36 },
    (_, n) => `${2021 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}-03`,
  )
  const history = months.map((day, n) => row(`old ${n}`, day, '1'))
  const closing = (day: string, amount: string) =>
    ({ account: 'A', asset: 'EUR', day, edge: 'close', amount }) as const
  await ingest(db, sourceId, history, [closing('2024-06-13', '40')])

  const today = [row('new', '2024-06-15', '-2')]
  const balances = [closing('2024-06-14', '40'), { ...closing('2024-06-15', '38'), edge: 'now' as const }]
  const opened = await db.sql.begin(async (sql) => {
    await ingestPage(sql as unknown as Sql, sourceId, pageOf(today, balances), now)
    // Whatever is planned is locked.
    return sql`
      SELECT DISTINCT relation::regclass::text AS name FROM pg_locks JOIN pg_inherits ON inhrelid = relation
      WHERE pid = pg_backend_pid() AND inhparent = 'transaction'::regclass`
  })
  // That of the day, and those that were made ahead.
  expect(opened.length).toBeGreaterThan(0)
  expect(opened.length).toBeLessThan(6)
})
