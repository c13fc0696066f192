import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimSources } from '../../src/db/claims.ts'
import { syncBatch } from '../../src/scheduler/sync-batch.ts'
import { syncSource } from '../../src/scheduler/sync-source.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import {
  fillWorld,
  type SampleOptions,
  type SampleProvider,
  startSampleProvider,
} from '../setup/sample-provider.ts'
import { connectSource } from '../setup/scheduling.ts'
import { runAllDue, syncState } from '../setup/sync-state.ts'
import { type Around, countingSteps, forEveryStep, frozenAt, testProcess } from '../setup/test-process.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
const opened: SampleProvider[] = []
afterAll(() => Promise.all(opened.map((provider) => provider.close())))

const start = new Date('2024-06-15T12:00:00Z')
const leaseEnd = new Date(start.getTime() + 60_000)
let trials = 0

async function prepare(options: Partial<SampleOptions>, tokens = ['good']) {
  const id = `lease-${trials++}`
  const clock = createVirtualClock(start)
  const provider = await startSampleProvider({
    schedule: { dailyAt: '04:00', timeZone: 'UTC' },
    limits: [{ scope: 'client', max: 5, per: 10_000, kind: 'sliding' }],
    pageSize: 3,
    ...options,
    id,
    clock: clock.now,
  })
  opened.push(provider)
  for (const account of options.batchMax ? tokens.map((token) => `of ${token}`) : ['A'])
    provider.world.openAccount({ id: account, name: account, kind: 'checking', asset: 'EUR' })
  if (options.prices)
    for (const day of ['2024-06-11', '2024-06-12', '2024-06-13', '2024-06-14'])
      provider.world.putPrice({ asset: id, currency: 'EUR', day, price: '10' })
  else if (options.batchMax)
    for (const { id: account } of provider.world.accounts())
      provider.world.put({ account, id: '1', occurredAt: '2024-06-14T10:00:00Z', amount: '1' })
  else fillWorld(provider.world, '2024-06-15', 5)
  const owner = options.prices ? null : (await newPerson(db)).user.id
  for (const token of tokens)
    await connectSource(db, owner, { ...provider, credentials: { token } }, clock, token)
  const horizon = new Date('2024-06-15T23:00:00Z')
  return {
    id,
    clock,
    provider,
    /** One claim of what is due, and what comes of it. */
    async runOnce(around: Around) {
      const scheduler = testProcess(db, clock, [provider], around)
      const wanted = [{ connector: id, most: tokens.length, mostBackfill: 1, cap: 1_000 }]
      const claims = await claimSources(db.sql, wanted, tokens.length, clock.now(), 60)
      expect(claims.length).toBeGreaterThan(0)
      if (claims.length > 1) return (await syncBatch(scheduler, claims)).map(({ outcome }) => outcome)
      return [(await syncSource(scheduler, claims[0]!)).outcome]
    },
    runAll: (around = countingSteps().around) =>
      runAllDue(testProcess(db, clock, [provider], around), db, clock, id, horizon),
    /** What the provider knows changes, all of it within reach of a sync of the same day. */
    change() {
      const { world } = provider
      if (options.prices)
        return world.putPrice({ asset: id, currency: 'EUR', day: '2024-06-15', price: '11' })
      const [first] = world.rows().slice(-1)
      world.put({ ...first!, amount: '77' })
      world.put({ account: first!.account, id: 'new', occurredAt: '2024-06-15T09:00:00Z', amount: '5' })
    },
  }
}
type Trial = Awaited<ReturnType<typeof prepare>>

/** All that a worker may write, and by which transaction it was written last. */
async function everyWrite({ id }: Trial, { credentials = true } = {}) {
  const own = db.sql`SELECT s.id FROM user_source s WHERE s.source_type_id = ${id}`
  const tables = {
    source: db.sql`SELECT to_jsonb(s) - 'credentials' AS row FROM user_source s WHERE source_type_id = ${id}`,
    credentials: db.sql`
      SELECT encode(s.credentials, 'hex') AS row, s.xmin::text FROM user_source s
      WHERE source_type_id = ${id} AND ${credentials}`,
    account: db.sql`SELECT to_jsonb(a) AS row, a.xmin::text FROM account a WHERE source_id IN (${own})`,
    transaction: db.sql`
      SELECT to_jsonb(t) AS row FROM transaction t JOIN account a ON a.id = t.account_id
      WHERE a.source_id IN (${own})`,
    reference: db.sql`
      SELECT to_jsonb(r) AS row, r.xmin::text FROM transaction_ref r
      WHERE r.user_id IN (SELECT user_id FROM account WHERE source_id IN (${own}))`,
    reconciliation: db.sql`
      SELECT to_jsonb(r) AS row, r.xmin::text FROM reconciliation r JOIN account a ON a.id = r.account_id
      WHERE a.source_id IN (${own})`,
    run: db.sql`SELECT to_jsonb(r) AS row, r.xmin::text FROM sync_run r WHERE source_id IN (${own})`,
    letter: db.sql`SELECT to_jsonb(d) AS row, d.xmin::text FROM dead_letter d WHERE source_id IN (${own})`,
    price: db.sql`SELECT to_jsonb(p) AS row, p.xmin::text FROM price p WHERE provider = ${id}`,
    // Slots of others: that its own request was answered, a worker may still say.
    quota: db.sql`
      SELECT to_jsonb(q) AS row, q.xmin::text FROM provider_quota q
      WHERE scope LIKE ${`${id}%`} AND granted_at > ${leaseEnd.toISOString()}`,
    pause: db.sql`SELECT to_jsonb(p) AS row, p.xmin::text FROM provider_pause p WHERE scope LIKE ${`${id}%`}`,
  }
  const written: Record<string, string[]> = {}
  for (const [name, rows] of Object.entries(tables))
    written[name] = (await rows).map((row) => JSON.stringify(row)).toSorted()
  return written
}

const scenarios: Record<string, { options: Partial<SampleOptions>; tokens?: string[]; backfill?: true }> = {
  'a feed whose credentials are exchanged': { options: { rotating: true, balances: true } },
  windows: { options: { history: { windowDays: 10, maxDays: 10 }, balances: true } },
  backfill: { options: { history: { windowDays: 3, maxDays: 6 } }, backfill: true },
  'a batch': { options: { batchMax: 5 }, tokens: ['t1', 't2'] },
  prices: { options: { prices: true } },
}

describe('a worker that was stopped for longer than its lease writes nothing when it wakes', () => {
  for (const [name, { options, tokens, backfill }] of Object.entries(scenarios)) {
    const prepared = async () => {
      const trial = await prepare(options, tokens)
      // The head alone; what is behind it is due then.
      if (backfill) await trial.runOnce(countingSteps().around)
      return trial
    }

    test(`${name}: another one has been there since`, async () => {
      const stops = await forEveryStep(async (n) => {
        const trial = await prepared()
        const stopped = frozenAt(n)
        const run = trial.runOnce(stopped.around)
        if ((await Promise.race([run, stopped.arrived])) !== 'frozen') return 'ended'
        const told = `stopped at step ${n}, ${stopped.steps.at(-1)!.label}`
        trial.clock.moveTo(new Date(start.getTime() + 61_000))
        await trial.runAll()
        trial.change()
        await db.sql`SELECT request_sync(array_agg(id), ${trial.clock.now().toISOString()}) FROM user_source WHERE source_type_id = ${trial.id}`
        await trial.runAll()
        // A request that was about to leave the process leaves it: not at the moment when the budget is used up.
        trial.clock.moveTo(new Date(trial.clock.now().getTime() + 60_000))
        const before = await everyWrite(trial)
        const requests = trial.provider.traffic.requests().length
        stopped.wake()
        expect(await run, told).toContain('lost')
        expect(await everyWrite(trial), told).toEqual(before)
        expect(trial.provider.traffic.requests().length - requests, told).toBe(
          stopped.steps[n - 1]!.kind === 'fetch' ? 1 : 0,
        )
        return 'stopped'
      })
      expect(stops).toBeGreaterThan(5)
    })

    test(`${name}: its lease has ended, and nobody has come yet`, async () => {
      let final: unknown
      await forEveryStep(async (n) => {
        const trial = await prepared()
        // Stopped when the step had its effect: whatever comes next is of after the end of the lease.
        const stopped = frozenBehind(n)
        const run = trial.runOnce(stopped.around)
        const ended = (await Promise.race([run, stopped.arrived])) !== 'frozen'
        const last = stopped.steps.at(-1)!.label
        const told = `stopped behind step ${n}, ${last}`
        trial.clock.moveTo(new Date(start.getTime() + 61_000))
        if (!ended && !last.startsWith('SELECT finish_sync')) {
          // A token that the provider exchanged is kept as long as nobody else has begun: it could not be had again.
          const labels = stopped.steps.map(({ label }) => label)
          const exchanged = labels.some((label) => label.includes('/exchange'))
          const saved = labels.some((label) => label.startsWith('UPDATE user_source SET credentials'))
          const compare = { credentials: !exchanged || saved }
          const before = await everyWrite(trial, compare)
          const requests = trial.provider.traffic.requests().length
          stopped.wake()
          expect(await run, told).toContain('lost')
          expect(await everyWrite(trial, compare), told).toEqual(before)
          // Not even what it had taken a slot for: that may be another one's by now.
          expect(trial.provider.traffic.requests(), told).toHaveLength(requests)
        } else {
          stopped.wake()
          await run
        }
        await trial.runAll()
        const state = await syncState(db, trial.id)
        for (const source of state.sources) Object.assign(source, { cursor: null })
        final ??= state
        expect(state, told).toEqual(final)
        return ended ? 'ended' : 'stopped'
      })
      expect(final).toMatchObject({ letters: [] })
    })
  }
})

/** Stops when the n-th step has had its effect, and hears of it when it is woken. */
function frozenBehind(n: number) {
  const { around, arrived, steps, wake } = frozenAt(1)
  const all: typeof steps = []
  return {
    arrived,
    wake,
    steps: all,
    around: (async (step, take) => {
      all.push(step)
      const isLast = all.length === n
      const taken = await take()
      return isLast ? around(step, async () => taken) : taken
    }) as Around,
  }
}
