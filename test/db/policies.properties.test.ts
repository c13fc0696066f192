import { Big } from 'big.js'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { removeUnused, renewFiles } from '../../src/archive/renew-files.ts'
import { runArchive } from '../../src/archive/run-archive.ts'
import { addDays } from '../../src/calendar.ts'
import type { Sql } from '../../src/db/client.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import { policiesOf } from '../../src/db/policies/all.ts'
import { claimPolicies, leaseSeconds, planPolicies } from '../../src/db/policies/claims.ts'
import type { Policy } from '../../src/db/policies/policy.ts'
import { runPolicy } from '../../src/db/policies/run.ts'
import { setSetting } from '../../src/db/policies/settings.ts'
import type { Delete, Upsert } from '../../src/page.ts'
import { settleLedger } from '../model/ledger.ts'
import { startArchive } from '../setup/archive.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type KillAt, runAndKill } from '../setup/kill-session.ts'
import { ingest, newPerson, now } from '../setup/people.ts'

const numRuns = Number(process.env.TIDEMARK_POLICY_RUNS ?? 12)

let db: TestDatabase
let policies: Policy[]
let names: string[]
/** Each run of a policy is later than the one before; the first one long enough for references to be forgotten. */
let clock = new Date(now.getTime() + 5 * 86_400_000)

beforeAll(async () => {
  db = await cloneDatabase()
  const archive = await startArchive(db)
  policies = policiesOf(db.engine, {
    archive: async ({ sql, engine, settings, signal }) => {
      const outcome = await runArchive(
        { ...archive, db: { sql, engine }, clock: () => clock, signal },
        settings,
      )
      return { message: JSON.stringify(outcome) }
    },
    archiveFiles: async ({ sql, engine, settings: { keepUnusedDays }, signal }) => {
      const ofRun = { ...archive, db: { sql, engine }, clock: () => clock, signal }
      const outcome = await renewFiles(ofRun)
      await removeUnused(ofRun, keepUnusedDays)
      return { message: JSON.stringify(outcome) }
    },
  })
  names = policies.map(({ name }) => name)
  await planPolicies(db.sql, policies, undefined, clock)
  const options = { now: clock, connectors: {} }
  await setSetting(db, 'references.keepDays', '1', options)
  await setSetting(db, 'archive.afterDays', '500', options)
  if (db.engine === 'timescale') await setSetting(db, 'deep-rollups.batchMonths', '9', options)
})

/** Years that are compressed, the window of the recent pass and its edges, today, and the future. */
const days = [
  '2019-01-31',
  '2019-02-01',
  '2021-12-31',
  '2023-06-15',
  '2024-01-31',
  '2024-02-01',
  '2024-02-02',
  '2024-03-01',
  '2024-05-31',
  '2024-06-15',
  '2024-06-16',
  '2024-09-01',
  '2030-01-01',
]
const [from, to] = ['2019-01-30', '2030-01-02']

const arbitraryWrite = fc.record({
  person: fc.nat({ max: 1 }),
  changes: fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 7 }),
      day: fc.constantFrom(...days),
      amount: fc.integer({ min: -99_999, max: 99_999 }).map((cents) => (cents / 100).toFixed(2)),
      deleted: fc.integer({ min: 0, max: 4 }).map((die) => die === 0),
    }),
    { minLength: 1, maxLength: 5 },
  ),
})
type Write = { person: number; changes: { id: number; day: string; amount: string; deleted: boolean }[] }

/** What a refresh writes to, and what TimescaleDB keeps of it from one of its transactions to the next. */
const refreshed = [
  'rollup_dirty',
  'daily',
  'monthly',
  '_timescaledb_catalog.continuous_aggs_invalidation_threshold',
  '_timescaledb_catalog.continuous_aggs_hypertable_invalidation_log',
  '_timescaledb_catalog.continuous_aggs_materialization_invalidation_log',
  '_timescaledb_catalog.continuous_aggs_materialization_ranges',
]
const written: Record<string, string[]> = {
  rollups: refreshed,
  'deep-rollups': refreshed,
  columnstore: ['transaction', '_timescaledb_catalog.chunk'],
  references: ['transaction_ref'],
  archive: [
    'transaction',
    'transaction_ref',
    'archive_file',
    'archive_part',
    'archive_month',
    'archive_late',
  ],
  'archive-files': ['archive_file'],
}

const arbitraryStep = fc.oneof(
  arbitraryWrite,
  fc.record({
    /** One by name, or a place among the policies; most often one that rolls up. */
    policy: fc.oneof(
      { weight: 4, arbitrary: fc.nat({ max: 2 }) },
      { weight: 3, arbitrary: fc.constant('archive') },
      { weight: 1, arbitrary: fc.nat() },
    ),
    /** A place among the tables or the statements of the policy. */
    kill: fc.option(
      fc.oneof(
        fc.nat().map((table) => ({ table })),
        fc.nat({ max: 9 }).map((statement) => ({ statement })),
      ),
      { freq: 2 },
    ),
  }),
)

async function claim(name: string) {
  clock = new Date(clock.getTime() + leaseSeconds * 1000)
  const named = policies.filter((policy) => policy.name === name)
  const [claimed] = await claimPolicies(db.sql, named, {
    now: clock,
    due: false,
    rawRetentionDays: undefined,
  })
  return claimed!
}

async function run(name: string): Promise<void> {
  const { error, message } = await runPolicy(
    {
      sql: db.sql,
      leases: db.sql,
      engine: db.engine,
      clock: () => clock,
      signal: new AbortController().signal,
    },
    await claim(name),
  )
  expect(error, `${name}: ${message}`).toBeUndefined()
}

/** The worker dies with its session: its lease alone says that it ran. */
async function runKilled(name: string, kill: { table: number } | { statement: number }): Promise<void> {
  const { policy, values } = await claim(name)
  const work = (sql: Sql) =>
    policy.run({
      sql,
      engine: db.engine,
      now: clock,
      settings: values,
      signal: new AbortController().signal,
      progress: () => {},
    })
  const places = written[name]
  const at: KillAt =
    'table' in kill && places
      ? { table: await tableNamed(places[kill.table % places.length]!) }
      : { statement: 'statement' in kill ? kill.statement : 0 }
  await runAndKill(db, at, work)
}

async function tableNamed(name: string): Promise<string> {
  if (name !== 'daily' && name !== 'monthly') return name
  const [row] = await db.sql`
    SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS name
    FROM timescaledb_information.continuous_aggregates WHERE view_name = ${`${name}_flow`}`
  return row!.name
}

/** Both users' net worth on every day, by the model and by the database. */
async function expectSeries(
  people: { user: { id: string }; changes: (Upsert | Delete)[] }[],
  step: string,
): Promise<void> {
  for (const { user, changes } of people) {
    const { points } = await readNetWorth(db.sql, {
      userId: user.id,
      currency: 'EUR',
      from,
      to,
      interval: 'day',
    })
    const { rows } = settleLedger(changes, [])
    let worth = new Big(0)
    const expected: string[] = []
    for (let day = from; day <= to; day = addDays(day, 1)) {
      for (const { amount } of rows.filter(({ bookedOn }) => bookedOn === day)) worth = worth.plus(amount)
      expected.push(`${day} ${worth.toFixed()}`)
    }
    expect(
      points.map(({ date, netWorth }) => `${date} ${netWorth}`),
      step,
    ).toEqual(expected)
  }
}

test(`whatever policies run, in any order and killed in the middle, every series is what it was (${numRuns} histories)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbitraryWrite, { minLength: 2, maxLength: 3 }),
      fc.array(arbitraryStep, { minLength: 4, maxLength: 12 }),
      async (histories, steps) => {
        const people = [await newPerson(db), await newPerson(db)].map((person) => ({
          ...person,
          changes: [] as (Upsert | Delete)[],
        }))
        let version = 0
        const write = async ({ person, changes }: Write) => {
          const { sourceId, changes: said } = people[person]!
          const made = changes.map(({ id, day, amount, deleted }): Upsert | Delete => ({
            account: 'A',
            id: `${id}`,
            version: ++version,
            ...(deleted
              ? { type: 'delete' }
              : { type: 'upsert', bookedOn: day, amount, asset: 'EUR', kind: 'card', status: 'posted' }),
          }))
          await ingest(db, sourceId, made)
          said.push(...made)
        }
        for (const history of histories) await write(history)
        for (const step of steps) {
          if ('person' in step) await write(step)
          else {
            const name = typeof step.policy === 'string' ? step.policy : names[step.policy % names.length]!
            await (step.kill === null ? run(name) : runKilled(name, step.kill))
          }
          await expectSeries(people, JSON.stringify(step))
        }
        for (const name of names) await run(name)
        await expectSeries(people, 'all policies')
        // Transactions of other tests on this server may be older than the marks.
        while ((await db.sql`SELECT 1 FROM rollup_dirty LIMIT 1`).length > 0) await run('deep-rollups')
        await expectSeries(people, 'quiet')
      },
    ),
    // Shrinking would take longer than a test may.
    { numRuns, endOnFailure: true },
  )
})
