import { expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'

test('after however many failures of a pool, a connection is tried again within half a second', async () => {
  const sql = connect('postgres://nobody@127.0.0.1:1/nothing')
  const { backoff } = sql.options as unknown as { backoff: (failures: number) => number }
  for (const failures of [0, 1, 5, 20, 1_000, 100_000]) expect(backoff(failures)).toBeLessThanOrEqual(0.5)
  await sql.end()
})
