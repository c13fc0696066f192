import { beforeAll, expect, test } from 'vitest'
import { readBalances } from '../../src/db/balances.ts'
import { ingestEncodedPage } from '../../src/db/ingest.ts'
import { type EncodablePage, encodePage } from '../../src/db/page-encoding.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson, now, row, storedRows } from '../setup/people.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})

const put = (sourceId: string, page: Partial<EncodablePage>) =>
  ingestEncodedPage(
    db.sql,
    sourceId,
    encodePage(sourceId, { accounts: [{ externalId: 'A' }], changes: [], balances: [], ...page }),
    now,
  )
const balanceNow = (day: string, amount: string) =>
  ({ account: 'A', asset: 'EUR', day, edge: 'now', amount }) as const
const holds = async (userId: string, at: string) =>
  (await readBalances(db.sql, { userId, at, currency: 'EUR' }))[0]
const differences = async (userId: string) =>
  (
    await db.sql`SELECT day, trim_scale(difference) AS difference FROM reconciliation WHERE user_id = ${userId} AND difference <> 0`
  ).map((each) => ({ ...each }))

test('a balance in the middle of a day makes an opening that rows of that day, which come later, do not move', async () => {
  const { user, sourceId } = await newPerson(db)
  await put(sourceId, {
    changes: [row('1', '2024-06-10', '-30'), row('2', '2024-06-14', '-5')],
    balances: [balanceNow('2024-06-14', '100')],
  })
  expect(await holds(user.id, '2024-06-14')).toMatchObject({ quantity: '100' })
  // In the afternoon something is spent, and the next day's balance agrees.
  await put(sourceId, {
    changes: [row('3', '2024-06-14', '-20')],
    balances: [balanceNow('2024-06-15', '80')],
  })
  expect(await holds(user.id, '2024-06-15')).toMatchObject({ quantity: '80' })
  expect(await differences(user.id)).toEqual([])
  // Older history arrives: the opening moves, the balance stays.
  await put(sourceId, { changes: [row('0', '2024-05-01', '50')] })
  expect(await holds(user.id, '2024-06-15')).toMatchObject({ quantity: '80' })
  expect(await differences(user.id)).toEqual([])
  // A balance that the rows do not add up to is shown, and nothing is changed by it.
  await put(sourceId, { changes: [], balances: [balanceNow('2024-06-17', '79')] })
  expect(await holds(user.id, '2024-06-17')).toMatchObject({ quantity: '80' })
  expect(await differences(user.id)).toEqual([{ day: '2024-06-16', difference: '-1' }])
})

test('a balance alone, of an account without rows', async () => {
  const { user, sourceId } = await newPerson(db)
  await put(sourceId, { balances: [balanceNow('2024-06-14', '12.5')] })
  expect(await holds(user.id, '2024-06-14')).toMatchObject({ quantity: '12.5' })
  await put(sourceId, { balances: [balanceNow('2024-06-14', '12.5')] })
  expect(await storedRows(db, user.id)).toHaveLength(1)
})

test('a window that is complete takes away what it does not name, in its account and its days alone', async () => {
  const { user, sourceId } = await newPerson(db)
  const accounts = [{ externalId: 'A' }, { externalId: 'B' }]
  await put(sourceId, {
    accounts,
    changes: [
      row('before', '2024-05-31', '1'),
      row('kept', '2024-06-01', '2'),
      row('gone', '2024-06-30', '3', { version: 7 }),
      row('moved', '2024-06-20', '4'),
      row('after', '2024-07-01', '5'),
      row('gone', '2024-06-30', '6', { account: 'B' }),
    ],
    balances: [balanceNow('2024-06-15', '1000')],
  })
  const opening = (await storedRows(db, user.id)).filter(({ kind }) => kind === 'opening')
  expect(opening).toHaveLength(1)
  const complete = {
    accounts,
    changes: [row('moved', '2024-07-02', '4'), row('new', '2024-06-02', '8')],
    completed: [{ account: 'A', from: '2024-06-01', to: '2024-06-30', ids: ['kept', 'new'] }],
  }
  expect(await put(sourceId, complete)).toMatchObject([{ added: 1, changed: 1, removed: 1 }, { removed: 0 }])
  const left = (await storedRows(db, user.id)).filter(({ kind }) => kind !== 'opening')
  expect(left.map(({ day, amount }) => `${day} ${amount}`)).toEqual([
    '2024-05-31 1',
    '2024-06-01 2',
    '2024-06-02 8',
    '2024-06-30 6',
    '2024-07-01 5',
    '2024-07-02 4',
  ])
  expect(await put(sourceId, complete)).toMatchObject([{ removed: 0, unchanged: 2 }, {}])
  // What went can come again.
  await put(sourceId, { accounts, changes: [row('gone', '2024-06-30', '3', { version: 8 })] })
  expect(await storedRows(db, user.id)).toHaveLength(8)
})

test('owners of a platform-wide source are made users once, and each sees their own', async () => {
  await db.sql`INSERT INTO source_type (id, title) VALUES ('aggregator', 'x') ON CONFLICT DO NOTHING`
  const [source] = await db.sql`
    INSERT INTO user_source (source_type_id, name) VALUES ('aggregator', 'all') RETURNING id`
  const owners = Array.from({ length: 30 }, (_, index) => `user ${index}`)
  const page = {
    accounts: owners.map((owner) => ({
      externalId: owner,
      owner,
      ownerCurrency: 'USD',
      kind: 'wallet' as const,
    })),
    changes: owners.map((account, index) =>
      row('1', '2024-06-01', String(index + 1), { account, asset: 'USD' }),
    ),
  }
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => put(source!.id, page)))
  expect(outcomes.flat().reduce((sum, { added }) => sum + added, 0)).toBe(30)
  const stored = await db.sql`
    SELECT p.external_id, u.base_currency, trim_scale(t.amount) AS amount
    FROM platform_user p JOIN app_user u ON u.id = p.user_id JOIN transaction t ON t.user_id = u.id
    WHERE p.source_id = ${source!.id} ORDER BY t.amount`
  expect(stored.map((each) => ({ ...each }))).toEqual(
    owners.map((owner, index) => ({ external_id: owner, base_currency: 'USD', amount: String(index + 1) })),
  )
  // An account without an owner is a fault of the connector, and stores nothing.
  await expect(put(source!.id, { accounts: [{ externalId: 'nobody' }], changes: [] })).rejects.toThrow()
})
