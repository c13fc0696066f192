import { ingestPage } from '../src/db/ingest.ts'
import { readNetWorth } from '../src/db/net-worth.ts'
import { policiesOf } from '../src/db/policies/all.ts'
import type { Outcome } from '../src/db/policies/policy.ts'
import { refreshRollups } from '../src/db/rollups.ts'
import { type AreaReport, count, seconds } from './report.ts'
import type { BenchDatabase } from './server.ts'
import { time } from './timing.ts'

const users = 1_000
const rowsPerDay = 3
const year = { from: '2022-01-01', to: '2022-12-31' }
const now = new Date('2025-12-17T12:00:00Z')
const lateDay = '2022-07-09'

/** One late row for each of many users, in a year that is compressed: what it costs until all is as it was before. */
export async function benchLateRows(db: BenchDatabase): Promise<AreaReport> {
  const { sql, engine } = db
  const loadMs = await time(() => load(db))
  const people = await sql<{ id: string; source: string }[]>`
    SELECT user_id AS id, id AS source FROM user_source ORDER BY user_id`
  const page = {
    accounts: [{ externalId: 'A' }],
    changes: [
      {
        type: 'upsert' as const,
        account: 'A',
        id: 'late',
        bookedOn: lateDay,
        amount: '0.01',
        asset: 'EUR',
        kind: 'card',
        status: 'posted' as const,
      },
    ],
    balances: [],
  }
  const writeMs = await time(async () => {
    for (const { source } of people) await ingestPage(sql, source, page, now)
  })
  const readMs = await time(() => expectAll(db, people))
  const rows = [
    [`${count(users)} late rows, a page each`, seconds(writeMs), ''],
    [`reads of ${count(users)} users right after, all exact`, seconds(readMs), ''],
  ]
  if (engine === 'timescale') {
    for (const name of ['deep-rollups', 'columnstore']) {
      let outcome: Outcome | undefined
      const ms = await time(async () => {
        outcome = await run(db, name)
      })
      rows.push([name, seconds(ms), outcome!.message])
    }
    const [left] = await sql<{ marks: number }[]>`SELECT count(*)::int AS marks FROM rollup_dirty`
    if (left!.marks > 0) throw new Error(`${left!.marks} marks are left`)
    rows.push([
      `reads of ${count(users)} users behind the maintenance, all exact`,
      seconds(await time(() => expectAll(db, people))),
      '',
    ])
  }
  return {
    title: 'Late rows into a compressed year',
    about: [
      `data      ${count(users)} users, ${rowsPerDay} rows a day in ${year.from.slice(0, 4)}, in the columnstore; loaded in ${seconds(loadMs)}`,
      `measured  a row on ${lateDay} for each user, then the policies that bring the aggregates and the columnstore up to date`,
    ],
    head: ['step', 'time', 'outcome'],
    rows,
  }
}

async function load(db: BenchDatabase): Promise<void> {
  const { sql, engine } = db
  await sql`INSERT INTO source_type (id, title) VALUES ('file', 'Statement files') ON CONFLICT DO NOTHING`
  await sql`
    WITH made AS (
      INSERT INTO app_user (email) SELECT 'late' || n || '@example.org' FROM generate_series(1, ${users}::int) AS n
      RETURNING id
    ), source AS (
      INSERT INTO user_source (user_id, source_type_id, name) SELECT id, 'file', 'files' FROM made RETURNING id, user_id
    )
    INSERT INTO account (user_id, source_id, external_id, kind, name)
    SELECT user_id, id, 'A', 'checking', 'A' FROM source`
  await sql`
    SELECT ensure_transaction_partitions(ARRAY(
      SELECT m::date FROM generate_series(${year.from}::date, ${year.to}::date, INTERVAL '1 month') AS m))`
  await sql`
    INSERT INTO transaction (user_id, account_id, id, booked_on, amount, asset, kind, status, recorded_at)
    SELECT user_id, a.id, gen_random_uuid(), day::date, 1, 'EUR', 'card', 'posted', now()
    FROM account a, generate_series(${year.from}::date, ${year.to}::date, INTERVAL '1 day') AS day,
      generate_series(1, ${rowsPerDay}::int)`
  await sql`SELECT mark_rollup_dirty(id, ${year.from}) FROM app_user`
  await refreshRollups(sql, engine)
  if (engine === 'timescale') await run(db, 'columnstore')
  await sql`VACUUM (ANALYZE)`
}

function run({ sql, engine }: BenchDatabase, name: string): Promise<Outcome> {
  const policy = policiesOf(engine).find((each) => each.name === name)!
  const settings = Object.fromEntries(
    Object.entries(policy.settings).map(([setting, { default: usual }]) => [setting, usual]),
  )
  const signal = new AbortController().signal
  return policy.run({ sql, engine, now, settings, signal, progress: () => {} })
}

/** Throws where a user's worth is not what the rows come to. */
async function expectAll({ sql }: BenchDatabase, people: readonly { id: string }[]): Promise<void> {
  for (const { id } of people) {
    const { points } = await readNetWorth(sql, { userId: id, currency: 'EUR', ...year, interval: 'month' })
    const worth = points.map(({ netWorth }) => netWorth)
    if (worth[5] !== `${181 * rowsPerDay}` || worth[11] !== `${365 * rowsPerDay}.01`)
      throw new Error(`user ${id} is worth ${worth.join(' ')}`)
  }
}
