import { connect } from '../../../src/db/client.ts'
import { readNetWorth } from '../../../src/db/net-worth.ts'
import { refreshRollups } from '../../../src/db/rollups.ts'
import { ingest, newPerson, row } from '../../setup/people.ts'
import type { Operation } from './operation.ts'

export const aggregates: Record<string, Operation> = {
  'a refresh of the aggregates': async ({ db, proxy }) => {
    await refreshRollups(db.sql, db.engine)
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('a', '2024-02-01', '5'), row('b', '2024-06-01', '7')])
    const sql = connect(proxy.urlOf(db.url), { max: 2 })
    return {
      attempt: async () => {
        await refreshRollups(sql, db.engine)
      },
      state: async () => {
        const [dirty] =
          await db.sql`SELECT count(*)::int AS marks FROM rollup_dirty WHERE user_id = ${user.id}`
        const worth = { userId: user.id, currency: 'EUR', to: '2024-06-15', interval: 'month' } as const
        const { points } = await readNetWorth(db.sql, worth)
        return { ...dirty, points: points.map(({ date, netWorth }) => `${date} ${netWorth}`) }
      },
      end: () => sql.end({ timeout: 0 }),
    }
  },
}
