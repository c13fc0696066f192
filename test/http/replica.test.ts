import { expect, test } from 'vitest'
import type { Sql } from '../../src/db/client.ts'
import { startApp } from '../setup/http.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import { startReplicated } from '../setup/replica.ts'

/** Counts what is asked of a client. */
function counting(sql: Sql): { sql: Sql; asked(): number } {
  let count = 0
  const counted = new Proxy(sql, {
    apply(target, self, args) {
      count++
      return Reflect.apply(target as never, self, args)
    },
  })
  return { sql: counted, asked: () => count }
}

test('reads come from a replica that has caught up, and everybody reads what was written before they asked', async () => {
  const { db, replica, caughtUp } = await startReplicated()
  const { user, sourceId } = await newPerson(db)
  const reader = counting(replica)
  const primary = counting(db.sql)
  const http = await startApp({ ...db, sql: primary.sql }, { replica: reader.sql })
  const token = await http.tokenFor(user.id)
  const worth = async () => {
    const { body } = await http.json('GET', '/v1/net-worth?from=2024-06-15&interval=day', { token })
    return body.points[0].netWorth
  }
  await ingest(db, sourceId, [row('1', '2024-06-03', '1')])
  await caughtUp()

  // That they looked is noted once in an hour.
  await http.ask('GET', '/v1/users/me', { token })
  // The look-up of the caller goes to the primary; the version, the series and the version once more to the replica.
  const before = { reader: reader.asked(), primary: primary.asked() }
  expect(await worth()).toBe('1')
  expect(reader.asked() - before.reader).toBe(3)
  expect(primary.asked() - before.primary).toBe(1)

  // Other questions than before: nothing of them is kept.
  await replica`SELECT pg_wal_replay_pause()`
  await ingest(db, sourceId, [row('2', '2024-06-04', '10')])
  expect(await worth()).toBe('11')
  const behind = await http.json('GET', '/v1/balance', { token })
  expect(behind.body.balances).toEqual([{ asset: 'EUR', quantity: '11', value: '11', currency: 'EUR' }])

  await replica`SELECT pg_wal_replay_resume()`
  await caughtUp()
  const atPrimary = primary.asked()
  expect((await http.json('GET', '/v1/balance?at=2024-06-14', { token })).body.balances[0].quantity).toBe(
    '11',
  )
  expect(primary.asked() - atPrimary).toBe(1)

  // Without the replica, the primary answers.
  await replica.end({ timeout: 0 })
  expect((await http.json('GET', '/v1/balance?at=2024-06-13', { token })).body.balances[0].quantity).toBe(
    '11',
  )
})
