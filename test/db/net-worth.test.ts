import { beforeAll, describe, expect, test } from 'vitest'
import { readBalances } from '../../src/db/balances.ts'
import { fileSource } from '../../src/db/file-source.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import { putPrices } from '../../src/db/prices.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { addUser } from '../../src/db/users.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'

const now = new Date('2024-06-15T12:00:00Z')
let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

test('works', async () => {
  const user = await addUser(db, { email: 'a@example.org', timeZone: 'UTC', baseCurrency: 'EUR' })
  const source = await fileSource(db.sql, user.id)
  const r = await ingestPage(db.sql, source, {
    accounts: [{ externalId: 'A' }],
    changes: [{ type: 'upsert', account: 'A', id: '1', bookedOn: '2024-01-05', amount: '10.123456789012345678', asset: 'EUR', kind: 'deposit', status: 'posted' }],
    balances: [{ account: 'A', asset: 'EUR', day: '2024-01-04', edge: 'open', amount: '100' }],
  }, now)
  expect(r[0]).toMatchObject({ added: 1 })
  for (let i = 0; i < 2; i++) {
    expect((await readBalances(db.sql, { userId: user.id, at: '2024-01-05', currency: 'EUR' }))[0]?.quantity).toBe('110.123456789012345678')
    const w = await readNetWorth(db.sql, { userId: user.id, currency: 'EUR', to: '2024-03-10', interval: 'month', by: 'kind' })
    expect(w.points.map((p) => p.netWorth)).toEqual(['110.12345679', '110.12345679', '110.12345679'])
    console.log(await refreshRollups(db.sql, db.engine))
  }
})
