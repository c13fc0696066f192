import { randomUUID } from 'node:crypto'
import type { Database } from '../../../src/db/database.ts'
import { readNetWorth } from '../../../src/db/net-worth.ts'
import { startApp } from '../../setup/http.ts'
import { ingest, newPerson, now, row } from '../../setup/people.ts'
import type { Operation } from './operation.ts'
import { answered, proxiedApp } from './proxied-app.ts'

export const entriesAndSources: Record<string, Operation> = {
  'an entry by hand': async (place) => {
    const { db } = place
    const { user, direct, token } = await personWithToken(db)
    const account = { token, body: { name: 'Cash', kind: 'cash' } }
    const { body } = await direct.json('POST', '/v1/accounts', account)
    const app = await proxiedApp(place)
    return {
      attempt: () =>
        answered(
          app.ask('POST', '/v1/transactions', {
            token,
            body: { accountId: body.id, amount: '12.5', description: 'once' },
            headers: { 'idempotency-key': 'once' },
          }),
        ),
      state: async () => [...(await stored(db, user.id))],
      end: app.end,
    }
  },
  'the removal of a source with its history': async (place) => {
    const { db } = place
    const { user, sourceId, token } = await personWithToken(db)
    await ingest(db, sourceId, [row('a', '2024-05-01', '5'), row('b', '2024-06-01', '7')])
    const app = await proxiedApp(place)
    return {
      attempt: () => answered(app.ask('DELETE', `/v1/sources/${sourceId}?history=remove`, { token })),
      state: async () => [...(await stored(db, user.id))],
      end: app.end,
    }
  },
  'a dead letter that is run again': async (place) => {
    const { db } = place
    const { user, sourceId, token } = await personWithToken(db)
    const at = now.toISOString()
    const [letter] = await db.sql`
      INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
      VALUES (${sourceId}, 'fetch', '{"mode": "incremental"}', ${randomUUID()}, 'transient', 'no answer', 5, ${at}, ${at})
      RETURNING id`
    const app = await proxiedApp(place)
    return {
      attempt: () =>
        answered(
          app.ask('POST', `/v1/dead-letters/${letter!.id}/retry`, {
            token,
            headers: { 'idempotency-key': 'again' },
          }),
        ),
      state: async () => [
        ...(await db.sql`
          SELECT d.status, s.next_sync_at IS NOT NULL AS due, s.lane
          FROM dead_letter d JOIN user_source s ON s.id = d.source_id WHERE s.user_id = ${user.id}`),
      ],
      end: app.end,
    }
  },
}

async function personWithToken(db: Database) {
  const direct = await startApp(db)
  const { user, sourceId } = await newPerson(db)
  return { user, sourceId, direct, token: await direct.tokenFor(user.id) }
}

/** What a user has, and what it adds up to. */
async function stored(db: Database, userId: string) {
  const counts = await db.sql`
    SELECT (SELECT count(*)::int FROM transaction WHERE user_id = u.id) AS transactions,
      (SELECT count(*)::int FROM transaction_ref WHERE user_id = u.id) AS refs,
      (SELECT count(*)::int FROM account WHERE user_id = u.id) AS accounts,
      (SELECT count(*)::int FROM user_source WHERE user_id = u.id) AS sources
    FROM app_user u WHERE u.id = ${userId}`
  const worth = { userId, currency: 'EUR', from: '2024-06-15', to: '2024-06-15', interval: 'day' } as const
  const { points } = await readNetWorth(db.sql, worth)
  return [{ ...counts[0] }, points[0]!.netWorth]
}
