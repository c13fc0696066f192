import { beforeAll, expect, test } from 'vitest'
import { checkRawRetention } from '../../src/db/retention.ts'
import { RefusedError } from '../../src/errors.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

test('raw retention that reaches into a refresh window is refused, and the sentence says why', async () => {
  const refused = checkRawRetention(db.sql, db.engine, 400)
  await expect(refused).rejects.toThrow(RefusedError)
  await expect(refused).rejects.toThrow(
    'TIDEMARK_RAW_RETENTION_DAYS=400 is refused: the aggregates are refreshed from the raw transactions of the last 400 days, ' +
      'which have to be there in full',
  )
})

test('one beyond it, or none, is accepted', async () => {
  await checkRawRetention(db.sql, db.engine, 401)
  await checkRawRetention(db.sql, db.engine, undefined)
})

test('a policy that someone added to the hypertable by hand is found', async ({ skip }) => {
  if (db.engine !== 'timescale') skip('there are no policies on the plain engine')
  await db.sql`SELECT add_retention_policy('transaction', drop_after => INTERVAL '3 years')`
  await expect(checkRawRetention(db.sql, db.engine, undefined)).rejects.toThrow(
    'the retention policy on transaction drops rows after 3 years',
  )
  await db.sql`SELECT remove_retention_policy('transaction')`
  await checkRawRetention(db.sql, db.engine, undefined)
})
