import { beforeAll, describe, expect, test } from 'vitest'
import { fixture as plaid } from '../../src/connectors/plaid/fixture.ts'
import { policiesOf } from '../../src/db/policies/all.ts'
import { setSetting } from '../../src/db/policies/settings.ts'
import { readStatus } from '../../src/db/status.ts'
import { apiKey } from '../setup/api-key.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { pass } from '../setup/log-in.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'
import { recordPolicyErrors, recordPolicyRuns } from '../setup/policy-runs.ts'

let db: TestDatabase
let http: TestApp
let key: string

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
  key = await apiKey(db, null, 'service')
  await db.sql`
    INSERT INTO source_type (id, title) VALUES ('plaid', ${plaid.connector.title}), ('gone', 'Gone')
    ON CONFLICT DO NOTHING`
})

/** Some seconds later: what was told before is not told again. */
const operations = async () => {
  pass(http.time, 10)
  const { status, body } = await http.json('GET', '/v1/operations', { token: key })
  expect(status).toBe(200)
  return body
}

let sources = 0

/** A connection as syncs leave it. */
async function source(userId: string | null, rest: Record<string, unknown> = {}, type = 'plaid') {
  const state = { next_sync_at: '2024-06-20', last_sync_time: '2024-06-15', ...rest }
  const [made] = await db.sql`
    INSERT INTO user_source ${db.sql({ user_id: userId, source_type_id: type, name: `bank ${++sources}`, ...state })}
    RETURNING id, name`
  return { id: made!.id as string, name: made!.name as string }
}

describe('how the installation stands', () => {
  test('nothing there yet', async () => {
    const body = await operations()
    expect(body).toMatchObject({
      at: http.time.now.toISOString(),
      scheduler: 'elsewhere',
      engine: db.engine,
      counts: { users: 0, accounts: 0, transactions: 0, prices: 0 },
      compression: null,
      dirtyUsers: 0,
      differences: 0,
      moreDifferences: false,
      providers: [],
    })
    expect(body.versions.postgres).toMatch(/^\d+\.\d+/)
    if (db.engine === 'plain') {
      expect(body.versions.timescaledb).toBeNull()
      expect(body.policies).toEqual([])
    } else {
      expect(body.versions.timescaledb).toMatch(/^2\.\d+/)
      expect(body.policies.map(({ relation }: { relation: string }) => relation).sort()).toEqual([
        'daily_flow',
        'monthly_flow',
        'transaction',
      ])
      expect(
        body.policies.find(({ relation }: { relation: string }) => relation === 'daily_flow'),
      ).toMatchObject({ procedure: 'policy_refresh_continuous_aggregate', everySeconds: 600, failures: 0 })
    }
  })

  test('counts, sizes and what is compressed', async () => {
    const { user, sourceId } = await newPerson(db)
    const rows = Array.from({ length: 3_000 }, (_, index) => row(`${index}`, '2023-01-10', '-1.50'))
    await ingest(db, sourceId, [...rows, row('new', '2024-06-14', '7', { account: 'B' })])
    const before = await operations()
    expect(before).toMatchObject({
      counts: { users: 1, accounts: 2, transactions: 3_001 },
      dirtyUsers: db.engine === 'timescale' ? 1 : 0,
      partitions: { columnstore: 0 },
      compression: null,
    })
    for (const size of Object.values(before.bytes)) expect(size).toBeGreaterThan(0)
    expect(before.bytes.database).toBeGreaterThan(before.bytes.transaction)
    await compressEverything(db)
    const after = await operations()
    const { partitions, compression } = await readStatus(db)
    expect(after.partitions).toEqual(partitions)
    if (db.engine === 'plain') expect(after.compression).toBeNull()
    else {
      expect(partitions).toEqual({ total: 2, columnstore: 2 })
      expect(after.compression).toEqual({
        before: Number(compression!.before),
        after: Number(compression!.after),
        ratio: expect.any(Number),
      })
      expect(after.compression.ratio).toBeCloseTo(after.compression.before / after.compression.after, 2)
      expect(after.compression.ratio).toBeGreaterThan(1)
    }
    await db.sql`DELETE FROM rollup_dirty WHERE user_id = ${user.id}`
    expect((await operations()).dirtyUsers).toBe(0)
  })

  test('balances that differ now, however long they have', async () => {
    const { sourceId } = await newPerson(db)
    const report = (day: string, amount: string) =>
      ingest(db, sourceId, [], [{ account: 'A', asset: 'EUR', day, edge: 'close', amount }])
    await report('2024-06-01', '10')
    expect((await operations()).differences).toBe(0)
    await report('2024-06-02', '12')
    await report('2024-06-03', '12')
    expect(await operations()).toMatchObject({ differences: 1, moreDifferences: false })
    await report('2024-06-04', '10')
    expect((await operations()).differences).toBe(0)
  })

  test('Tidemark’s own policies: as they are set, and how they go', async () => {
    await setSetting(db, 'runs.keepDays', '30', { now: http.time.now, connectors: {} })
    const { upkeep } = await operations()
    expect(upkeep.map(({ name }: { name: string }) => name)).toEqual(
      policiesOf(db.engine).map(({ name }) => name),
    )
    const named = (name: string) => upkeep.find((policy: { name: string }) => policy.name === name)
    expect(named('runs')).toEqual({
      name: 'runs',
      about: 'forget old runs of syncs and dead letters that are closed',
      settings: [{ name: 'keepDays', value: 30, default: 90, origin: 'set' }],
      schedule: 'daily at 04:27 UTC',
      running: false,
      lastRun: null,
      lastEnd: null,
      nextRun: '2024-06-16T04:27:00.000Z',
      lastStatus: null,
      lastMessage: null,
      failures: 0,
    })
    expect(named('archive')).toMatchObject({
      settings: [{ name: 'afterDays', value: null, default: null, origin: 'default' }],
      schedule: 'off',
    })
    expect(named('archive-files')).toMatchObject({
      settings: [{ name: 'keepUnusedDays', value: 90, default: 90, origin: 'default' }],
      schedule: 'daily at 05:50 UTC',
    })
  })

  test('policies of TimescaleDB: when they ran, how that ended, and when they run again', async () => {
    const last = new Date('2024-06-15T11:50:00Z')
    const next = new Date('2024-06-15T12:10:00Z')
    await recordPolicyRuns(db, 'policy_refresh_continuous_aggregate', {
      last,
      next,
      failures: 0,
      succeeded: true,
    })
    const { policies } = await operations()
    if (db.engine === 'plain') return expect(policies).toEqual([])
    const untroubled = { lastError: null }
    const ran = {
      ...untroubled,
      procedure: 'policy_refresh_continuous_aggregate',
      lastRun: last.toISOString(),
      nextRun: next.toISOString(),
      lastStatus: 'succeeded',
      failures: 0,
    }
    const never = { ...untroubled, lastRun: null, nextRun: null, lastStatus: null, failures: 0 }
    expect(policies).toEqual([
      { procedure: expect.any(String), relation: 'transaction', everySeconds: 43_200, ...never },
      { ...ran, relation: 'daily_flow', everySeconds: 600 },
      { ...ran, relation: 'monthly_flow', everySeconds: 1_800 },
    ])
    const { procedure } = policies[0]
    await recordPolicyRuns(db, procedure, { last, next, failures: 3, succeeded: false })
    const failed = { procedure, lastStatus: 'failed', failures: 3 }
    expect((await operations()).policies[0]).toMatchObject({ ...failed, lastError: null })
    await recordPolicyErrors(db, procedure, ['the disk is full', 'a lock was not to be had'])
    const after = (await operations()).policies
    expect(after[0]).toMatchObject({ ...failed, lastError: 'a lock was not to be had' })
    expect(after.slice(1)).toMatchObject([untroubled, untroubled])
  })

  test('providers: sources by how they stand, lag, budgets, pauses', async () => {
    const { user } = await newPerson(db)
    await source(user.id, { last_sync_time: '2024-06-01' })
    await source(user.id, { next_sync_at: '2024-06-15' })
    await source(user.id, { status: 'reauth' })
    await source(user.id, { attempts: 3, backfill_from: '2024-01-01', backfill_to: '2024-02-01' })
    await source(null, {}, 'gone')
    const letters = await source(null, { running_lane: 1, lease_until: '2024-06-16' })
    await letter(letters.id)
    await letter(letters.id, 'queued')
    await letter(letters.id, 'discarded')
    await db.sql`
      INSERT INTO provider_pause (scope, paused_until, strikes) VALUES ('plaid', '2024-06-15T12:30:00Z', 1)`
    const [of, gone] = (await operations()).providers.toReversed()
    expect(gone).toMatchObject({
      connector: 'gone',
      title: 'Gone',
      sources: 1,
      budgets: [],
      pausedUntil: null,
    })
    expect(of).toEqual({
      connector: 'plaid',
      title: plaid.connector.title,
      sources: 5,
      due: 1,
      running: 1,
      backfilling: 1,
      failing: 1,
      waiting: 1,
      deadLetters: 2,
      oldestSync: '2024-06-01T00:00:00.000Z',
      oldestKnownSync: '2024-06-01T00:00:00.000Z',
      neverSynced: 0,
      budgets: expect.any(Array),
      connectionsUsedUp: expect.any(Number),
      pausedUntil: '2024-06-15T12:30:00.000Z',
    })
    const whole = plaid.connector.limits.filter(({ scope }) => scope === 'client')
    expect(of.budgets.map(({ max, per }: { max: number; per: number }) => ({ max, per }))).toEqual(
      whole.map(({ max, per }) => ({ max, per })).toSorted((a, b) => a.per - b.per),
    )
    const [budget] = of.budgets
    expect(budget).toMatchObject({ used: 0, left: budget.max })
    await db.sql`
      INSERT INTO provider_quota (scope, slot, used_at, granted_at, lane)
      SELECT ${budget.scope}, n, ${http.time.now.toISOString()}, ${http.time.now.toISOString()}, 1
      FROM generate_series(1, 3) AS n`
    await source(user.id, { last_sync_time: null })
    const later = (await operations()).providers.at(-1)
    expect(later).toMatchObject({
      sources: 6,
      oldestSync: null,
      oldestKnownSync: '2024-06-01T00:00:00.000Z',
      neverSynced: 1,
    })
    expect(later.budgets[0]).toEqual({ ...budget, used: 3, left: budget.max - 3 })
  })

  test('what the database told is told again for some seconds, and to many at once', async () => {
    const before = await operations()
    await newPerson(db)
    const ask = () => http.json('GET', '/v1/operations', { token: key })
    for (const { body } of await Promise.all([ask(), ask(), ask()])) expect(body).toEqual(before)
    pass(http.time, 9.999)
    expect((await ask()).body).toEqual(before)
    pass(http.time, 0.001)
    expect((await ask()).body.counts.users).toBe(before.counts.users + 1)
    // Set back, as clocks are.
    pass(http.time, -60)
    expect((await ask()).body.at).toBe(http.time.now.toISOString())
  })

  test('of this process: whether it syncs is told as it is', async () => {
    const state = { now: 'running' as 'running' | 'stopped' }
    const served = await startApp(db, { scheduler: () => state.now })
    const ask = async () => (await served.json('GET', '/v1/operations', { token: key })).body.scheduler
    expect(await ask()).toBe('running')
    state.now = 'stopped'
    expect(await ask()).toBe('stopped')
  })
})

async function letter(sourceId: string, status = 'open') {
  const request = { mode: 'backfill', window: { from: '2024-05-01', to: '2024-05-31' }, cursor: null }
  await db.sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, status, created_at, updated_at)
    VALUES (${sourceId}, 'fetch', ${JSON.stringify(request)}::text::jsonb, gen_random_uuid(), 'transient', 'no', 10,
      ${status}, ${now.toISOString()}, ${now.toISOString()})`
}

describe('the runs of all sources', () => {
  type Outcome = 'done' | 'failed' | 'yielded' | null
  const made: { id: string; outcome: Outcome; connector: string }[] = []

  async function run(of: { id: string }, outcome: Outcome, connector: string) {
    const [stored] = await db.sql`
      INSERT INTO sync_run (source_id, started_at, ended_at, outcome, subject, pages, added, message)
      VALUES (${of.id}, '2024-06-15T11:00:00Z', ${outcome && '2024-06-15T11:00:09Z'}, ${outcome}, 'incremental', 2, 7,
        ${outcome === 'failed' ? 'the bank answered 500' : null})
      RETURNING id`
    made.unshift({ id: stored!.id, outcome, connector })
  }

  const all = async (query: string) => {
    const ids: string[] = []
    for (let cursor = ''; ; ) {
      const { status, body } = await http.json('GET', `/v1/operations/runs?limit=4${query}${cursor}`, {
        token: key,
      })
      expect(status).toBe(200)
      expect(body.runs.length).toBeLessThanOrEqual(4)
      ids.push(...body.runs.map(({ id }: { id: string }) => id))
      if (body.nextCursor === null) return ids
      cursor = `&cursor=${body.nextCursor}`
    }
  }
  const expected = (keep: (each: (typeof made)[number]) => boolean) => made.filter(keep).map(({ id }) => id)

  test('newest first, of users and of the platform, by outcome and by connector', async () => {
    const { user } = await newPerson(db)
    const mine = await source(user.id)
    const everybodys = await source(null, {}, 'gone')
    const removed = await source(null, { status: 'removed' })
    const outcomes: Outcome[] = ['done', 'failed', 'yielded', null]
    for (let index = 0; index < 22; index++) {
      const platform = index % 3 === 0
      await run(platform ? everybodys : mine, outcomes[index % 4]!, platform ? 'gone' : 'plaid')
    }
    await db.sql`INSERT INTO sync_run (source_id, started_at, subject) VALUES (${removed.id}, now(), 'hint')`
    const { body } = await http.json('GET', '/v1/operations/runs?limit=2', { token: key })
    const counts = { pages: 2, added: 7, changed: 0, unchanged: 0, removed: 0 }
    expect(body.runs).toEqual([
      {
        ...counts,
        id: made[0]!.id,
        subject: 'incremental',
        startedAt: '2024-06-15T11:00:00.000Z',
        endedAt: '2024-06-15T11:00:09.000Z',
        outcome: 'failed',
        message: 'the bank answered 500',
        connector: 'gone',
        sourceId: everybodys.id,
        sourceName: everybodys.name,
        owner: 'platform',
      },
      expect.objectContaining({ id: made[1]!.id, owner: 'user', sourceName: mine.name, connector: 'plaid' }),
    ])
    expect(await all('')).toEqual(expected(() => true))
    for (const outcome of ['done', 'failed', 'yielded'] as const)
      expect(await all(`&outcome=${outcome}`)).toEqual(expected((each) => each.outcome === outcome))
    expect(await all('&outcome=running')).toEqual(expected((each) => each.outcome === null))
    expect(await all('&connector=gone')).toEqual(expected((each) => each.connector === 'gone'))
    expect(await all('&connector=plaid&outcome=failed')).toEqual(
      expected((each) => each.connector === 'plaid' && each.outcome === 'failed'),
    )
    expect(await all('&connector=nobody')).toEqual([])
  })

  test('one request looks through so many runs, and says where to go on', async () => {
    const busy = await source(null)
    await db.sql`
      INSERT INTO sync_run (source_id, started_at, outcome, subject)
      SELECT ${busy.id}, now(), 'done', 'hint' FROM generate_series(1, 25000)`
    const ask = async (cursor = '') =>
      (await http.json('GET', `/v1/operations/runs?connector=gone${cursor}`, { token: key })).body
    const first = await ask()
    expect(first).toEqual({ runs: [], nextCursor: expect.any(String) })
    expect(await all('&connector=gone')).toEqual(expected((each) => each.connector === 'gone'))
    // Failed ones are found wherever they are.
    const { body } = await http.json('GET', '/v1/operations/runs?outcome=failed&limit=200', { token: key })
    expect(body.runs.map(({ id }: { id: string }) => id)).toEqual(
      expected(({ outcome }) => outcome === 'failed'),
    )
    expect(body.nextCursor).toBeNull()
  })

  test('what is no outcome, connector or cursor is refused', async () => {
    for (const [field, value] of [
      ['outcome', 'lost'],
      ['connector', 'A B'],
      ['cursor', 'bad'],
      ['limit', '201'],
    ]) {
      const { status, body } = await http.json(
        'GET',
        `/v1/operations/runs?${field}=${encodeURIComponent(value!)}`,
        {
          token: key,
        },
      )
      expect(status).toBe(400)
      expect(body.errors).toMatchObject([{ field }])
    }
  })

  test('a user sees neither', async () => {
    const { user } = await newPerson(db)
    const token = await http.tokenFor(user.id)
    for (const path of ['/v1/operations', '/v1/operations/runs'])
      expect((await http.json('GET', path, { token })).status).toBe(403)
  })
})
