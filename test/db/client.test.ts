import { DrizzleQueryError } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import { expect, test } from 'vitest'
import { asTidemarkError, connect } from '../../src/db/client.ts'
import { DatabaseUnavailableError } from '../../src/errors.ts'

test('after however many failures of a pool, a connection is tried again within half a second', async () => {
  const sql = connect('postgres://nobody@127.0.0.1:1/nothing')
  const { backoff } = sql.options as unknown as { backoff: (failures: number) => number }
  for (const failures of [0, 1, 5, 20, 1_000, 100_000]) expect(backoff(failures)).toBeLessThanOrEqual(0.5)
  await sql.end()
})

test('a fault of the database is told through drizzle as without it', async () => {
  const sql = connect('postgres://nobody@127.0.0.1:1/nothing')
  const fault = await drizzle(sql)
    .execute('SELECT 1')
    .catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(DrizzleQueryError)
  expect(asTidemarkError(fault)).toBeInstanceOf(DatabaseUnavailableError)
  await sql.end()
})
