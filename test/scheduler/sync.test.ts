import { afterAll, beforeAll, expect, test } from 'vitest'
import { maxAttempts } from '../../src/connectors/backoff.ts'
import { claimSource, claimSources } from '../../src/db/claims.ts'
import { listDeadLetters, retryDeadLetters } from '../../src/db/dead-letters.ts'
import { listSources } from '../../src/db/sources.ts'
import { syncSource } from '../../src/scheduler/sync-source.ts'
import { createWorker } from '../../src/scheduler/worker.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { fillWorld, type SampleProvider, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource, testScheduler } from '../setup/scheduling.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
const opened: SampleProvider[] = []
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => Promise.all(opened.map((provider) => provider.close())))

async function start(options: Omit<Parameters<typeof startSampleProvider>[0], 'clock'> = {}) {
  const clock = createVirtualClock(new Date('2024-06-15T12:00:00Z'))
  const provider = await startSampleProvider({ ...options, clock: clock.now })
  opened.push(provider)
  const { user } = await newPerson(db)
  const sourceId = await connectSource(db, user.id, provider, clock)
  return { clock, provider, user, sourceId, scheduler: testScheduler(db, clock, [provider]) }
}

/** Runs everything that is due, moving the clock on to what is due next, until nothing is for an hour. */
async function runDue(
  scheduler: ReturnType<typeof testScheduler>,
  clock: ReturnType<typeof createVirtualClock>,
  sourceId: string,
) {
  for (let round = 0; round < 200; round++) {
    const { connector } = (await listSources(db.sql, { sourceId }))[0]!
    const [claim] = await claimSources(
      db.sql,
      [{ connector, most: 1, mostBackfill: 1, cap: 1_000 }],
      1,
      clock.now(),
      60,
    )
    if (!claim) return
    await syncSource(scheduler, claim)
  }
  throw new Error('it does not come to an end')
}

const amounts = async (userId: string) =>
  (
    await db.sql`SELECT booked_on AS day, trim_scale(amount) AS amount FROM transaction
      WHERE user_id = ${userId} ORDER BY booked_on, amount`
  ).map((row) => `${row.day} ${row.amount}`)

test('a feed behind a cursor: everything once, then only what is new', async () => {
  const { clock, provider, user, sourceId, scheduler } = await start({ id: 'feed', pageSize: 7 })
  const rows = fillWorld(provider.world, '2024-06-15', 40)
  await runDue(scheduler, clock, sourceId)
  expect(await amounts(user.id)).toEqual(rows.map((row) => `${row.occurredAt.slice(0, 10)} ${row.amount}`))
  expect(provider.traffic.requests()).toHaveLength(6)

  provider.world.put({ ...rows[3]!, amount: '1000' })
  provider.world.remove('A', rows[4]!.id)
  clock.moveTo(new Date('2024-06-16T12:00:00Z'))
  await runDue(scheduler, clock, sourceId)
  expect(provider.traffic.requests()).toHaveLength(7)
  const after = await amounts(user.id)
  expect(after).toHaveLength(39)
  expect(after).toContain(`${rows[3]!.occurredAt.slice(0, 10)} 1000`)
})

test('windows: the newest first, then history backwards, and rows that are not listed any more go', async () => {
  const { clock, provider, user, sourceId, scheduler } = await start({
    id: 'windows',
    pageSize: 7,
    history: { windowDays: 30, maxDays: 100 },
  })
  const rows = fillWorld(provider.world, '2024-06-15', 90)
  await runDue(scheduler, clock, sourceId)
  expect(await amounts(user.id)).toEqual(rows.map((row) => `${row.occurredAt.slice(0, 10)} ${row.amount}`))
  const [source] = await listSources(db.sql, { sourceId })
  expect(source).toMatchObject({ backfill: null, status: 'active' })

  provider.world.remove('A', rows.at(-2)!.id)
  clock.moveTo(new Date('2024-06-16T12:00:00Z'))
  await runDue(scheduler, clock, sourceId)
  expect(await amounts(user.id)).toHaveLength(89)
})

test('a failure is tried again, later and later, and at last becomes a dead letter that can be run again', async () => {
  const { clock, provider, user, sourceId, scheduler } = await start({ id: 'failing' })
  fillWorld(provider.world, '2024-06-15', 5)
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    provider.faults.plan({ kind: 'status', status: 500 })
    await runDue(scheduler, clock, sourceId)
    expect(provider.traffic.requests()).toHaveLength(attempt)
    const [source] = await listSources(db.sql, { sourceId })
    expect(await listDeadLetters(db.sql, { sourceId })).toHaveLength(attempt === maxAttempts ? 1 : 0)
    clock.moveTo(source!.nextSyncAt!)
  }
  const [letter] = await listDeadLetters(db.sql, { sourceId })
  expect(letter).toMatchObject({ code: 'transient', attempts: maxAttempts, status: 'open', kind: 'fetch' })
  expect(await retryDeadLetters(db.sql, { ids: [letter!.id] }, clock.now())).toBe(1)
  await runDue(scheduler, clock, sourceId)
  expect(await listDeadLetters(db.sql, { sourceId })).toEqual([])
  expect(await amounts(user.id)).toHaveLength(5)
})

test('refused credentials need the owner, and are not tried again', async () => {
  const { clock, provider, sourceId, scheduler } = await start({ id: 'refusing' })
  provider.refused.add('good')
  await runDue(scheduler, clock, sourceId)
  clock.moveTo(new Date('2024-07-15T12:00:00Z'))
  await runDue(scheduler, clock, sourceId)
  expect(provider.traffic.requests()).toHaveLength(1)
  expect(await listSources(db.sql, { sourceId })).toMatchObject([{ status: 'reauth' }])
})

test('one bad row is a dead letter, and the good ones are kept', async () => {
  const { clock, provider, user, sourceId, scheduler } = await start({ id: 'partial' })
  fillWorld(provider.world, '2024-06-15', 5)
  provider.faults.plan({
    kind: 'rewritten',
    rewrite: (body) => body.replace('"amount":"3.25"', '"amount":{}'),
  })
  await runDue(scheduler, clock, sourceId)
  expect(await amounts(user.id)).toHaveLength(4)
  expect(await listDeadLetters(db.sql, { sourceId })).toMatchObject([{ kind: 'record', status: 'open' }])
  await retryDeadLetters(db.sql, { sourceId }, clock.now())
  await runDue(scheduler, clock, sourceId)
  expect(await amounts(user.id)).toHaveLength(5)
  expect(await listDeadLetters(db.sql, { sourceId })).toEqual([])
})

test('many connections go into one request, and one that fails leaves the others alone', async () => {
  const { clock, provider, scheduler } = await start({ id: 'batched', batchMax: 50 })
  const users: string[] = []
  await db.sql`DELETE FROM user_source WHERE source_type_id = 'batched'`
  for (let index = 0; index < 20; index++) {
    const { user } = await newPerson(db)
    const token = `t${index}`
    await connectSource(db, user.id, { ...provider, credentials: { token } }, clock, token)
    provider.world.openAccount({ id: `of ${token}`, name: token, kind: 'wallet', asset: 'EUR' })
    provider.world.put({
      account: `of ${token}`,
      id: '1',
      occurredAt: '2024-06-15T10:00:00Z',
      amount: `${index + 1}`,
    })
    users.push(user.id)
  }
  provider.refused.add('t7')
  const worker = createWorker(scheduler, { concurrency: 8 })
  await worker.tick()
  await worker.idle()
  expect(provider.traffic.requests().map(({ path }) => path)).toEqual(['/batch'])
  for (const [index, userId] of users.entries())
    expect(await amounts(userId)).toEqual(index === 7 ? [] : [`2024-06-15 ${index + 1}`])
})

test('a head that its budget cuts off goes on where it was, and knows only as of when it began', async () => {
  const limits = [{ scope: 'client' as const, max: 2, per: 60_000, kind: 'sliding' as const }]
  const history = { windowDays: 10, maxDays: 100, overlapDays: 35, mutableDays: 35 }
  const { clock, provider, user, sourceId, scheduler } = await start({ id: 'long-head', history, limits })
  fillWorld(provider.world, '2024-06-15', 60)
  await db.sql`UPDATE user_source SET last_sync_time = ${'2024-06-14T12:00:00Z'} WHERE id = ${sourceId}`
  const began = clock.now()
  for (let round = 0; round < 20; round++) {
    await runDue(scheduler, clock, sourceId)
    const [source] = await listSources(db.sql, { sourceId })
    if (source!.lastSyncTime!.getTime() >= began.getTime()) break
    clock.moveTo(source!.nextSyncAt!)
  }
  // 38 days, tomorrow among them, in windows of ten: each of them once.
  expect(provider.traffic.requests()).toHaveLength(4)
  expect(await amounts(user.id)).toHaveLength(37)
  expect(await listSources(db.sql, { sourceId })).toMatchObject([{ lastSyncTime: began, status: 'active' }])
})

test('a window of history that ends where way is made is read once', async () => {
  const { clock, provider, user, sourceId, scheduler } = await start({
    id: 'giving-way',
    history: { windowDays: 30, maxDays: 90 },
  })
  fillWorld(provider.world, '2024-06-15', 90)
  const claim = async (lane: 0 | 2) => (await claimSource(db.sql, sourceId, lane, clock.now(), 60))!
  await syncSource(scheduler, await claim(0))
  // What is new is due all the time.
  await db.sql`UPDATE user_source SET next_sync_at = ${'2024-06-15T11:00:00Z'} WHERE id = ${sourceId}`
  for (let run = 0; run < 10; run++) {
    if ((await listSources(db.sql, { sourceId }))[0]!.backfill === null) break
    await syncSource(scheduler, await claim(2))
  }
  expect((await listSources(db.sql, { sourceId }))[0]).toMatchObject({ backfill: null })
  expect(await amounts(user.id)).toHaveLength(90)
  expect(provider.traffic.requests().length).toBeLessThanOrEqual(5)
})

test('a worker whose clock was ahead once does not end a source', async () => {
  const { clock, provider, user, sourceId, scheduler } = await start({
    id: 'ahead',
    history: { windowDays: 30 },
  })
  fillWorld(provider.world, '2024-06-15', 5)
  await db.sql`UPDATE user_source SET last_sync_time = ${'2024-09-01T00:00:00Z'} WHERE id = ${sourceId}`
  await runDue(scheduler, clock, sourceId)
  expect((await amounts(user.id)).length).toBeGreaterThan(0)
  expect(await listSources(db.sql, { sourceId })).toMatchObject([{ lastSyncTime: clock.now() }])
})
