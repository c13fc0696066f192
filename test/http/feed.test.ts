import { beforeAll, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

test('the balance and the newest transactions, as of the last write', async () => {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const feed = async (query = '') => (await http.json('GET', `/v1/feed${query}`, { token })).body
  expect(await feed()).toEqual({ user_id: user.id, balance: '0', transactions: [] })
  await ingest(db, sourceId, [
    row('1', '2024-06-03', '100.50', { counterparty: 'Employer', description: 'June' }),
    row('2', '2024-06-04', '-20', { occurredAt: '2024-06-04T18:30:00+02:00', description: 'Groceries' }),
    row('3', '2024-06-05', '-1', { status: 'pending' }),
  ])
  const { user_id, balance, transactions } = await feed()
  expect({ user_id, balance }).toEqual({ user_id: user.id, balance: '80.5' })
  expect(transactions.map(({ id: _, ...rest }: { id: string }) => rest)).toEqual([
    { name: 'card', amount: '-1', timestamp: '2024-06-05T00:00:00.000Z' },
    { name: 'Groceries', amount: '-20', timestamp: '2024-06-04T16:30:00.000Z' },
    { name: 'Employer', amount: '100.5', timestamp: '2024-06-03T00:00:00.000Z' },
  ])
  expect((await feed('?limit=1')).transactions).toHaveLength(1)
  await ingest(db, sourceId, [row('3', '2024-06-05', '-1')])
  expect((await feed()).balance).toBe('79.5')
})
