import { beforeAll, expect, test } from 'vitest'
import { readClockDifference } from '../../src/db/clock-difference.ts'
import { mendFutureTimes } from '../../src/db/future-times.ts'
import { settleSlots, takeClientSlots } from '../../src/db/request-budget.ts'
import { createClockGuard } from '../../src/scheduler/clock-guard.ts'
import { createWorker } from '../../src/scheduler/worker.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { fillWorld, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource, testScheduler } from '../setup/scheduling.ts'
import { runAllDue, syncState } from '../setup/sync-state.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
let trials = 0

/** A source that is due, by the machine's clock and any other. */
async function prepare(pageSize = 100) {
  const id = `clock-${trials++}`
  const connector = {
    id,
    limits: [{ scope: 'client', max: 5, per: 60_000, kind: 'sliding' } as const],
    history: { maxDays: 30, windowDays: 10 },
  }
  const provider = await startSampleProvider({
    ...connector,
    pageSize,
    clock: () => new Date(),
    enforceLimits: false,
  })
  fillWorld(provider.world, new Date().toISOString().slice(0, 10), 20)
  const { user } = await newPerson(db)
  const sourceId = await connectSource(db, user.id, provider, createVirtualClock(new Date(0)))
  return { id, provider, sourceId }
}

/** The times of the machine, so far ahead. */
const off = (milliseconds: number) => createVirtualClock(new Date(Date.now() + milliseconds))

for (const [name, milliseconds] of Object.entries({
  'a minute ahead': minute,
  'days ahead': 3 * day,
  'a minute behind': -minute,
})) {
  test(`a worker whose clock is ${name} of the database’s claims nothing, and says so`, async () => {
    const { provider } = await prepare()
    const clock = off(milliseconds)
    const scheduler = testScheduler(db, clock, [provider])
    const told: object[] = []
    const log = { error: (details: object) => told.push(details) } as never
    const clockAgrees = createClockGuard({ ...scheduler, log })
    const worker = createWorker({ ...scheduler, clockAgrees }, { concurrency: 2 })
    await worker.tick()
    await worker.tick()
    await worker.idle()
    expect(provider.traffic.requests()).toEqual([])
    // Once, and not at every look.
    expect(told).toEqual([{ seconds: expect.closeTo(milliseconds / 1000, -1.5) }])
    await provider.close()
  })
}

test('a clock that is set right while the database is asked was wrong', async () => {
  for (const milliseconds of [-hour, hour]) {
    let times = 0
    const clock = () => new Date(Date.now() + (times++ === 0 ? milliseconds : 0))
    expect(await readClockDifference(db.sql, clock)).toBeCloseTo(milliseconds, -3)
  }
  // And one that is set wrong meanwhile was right when it was read.
  let times = 0
  expect(
    await readClockDifference(db.sql, () => new Date(Date.now() + (times++ === 0 ? 0 : -hour))),
  ).toBeCloseTo(0, -3)
})

test('a worker whose clock agrees claims what is due', async () => {
  const { provider } = await prepare()
  const scheduler = testScheduler(db, off(0), [provider])
  const clockAgrees = createClockGuard(scheduler)
  const worker = createWorker({ ...scheduler, clockAgrees }, { concurrency: 2 })
  await worker.tick()
  await worker.idle()
  expect(provider.traffic.requests().length).toBeGreaterThan(0)
  await provider.close()
})

test('what was synced by a clock that was days ahead goes on when it is right again, within its budget, and ends the same', async () => {
  const undisturbed = await prepare()
  // Less than what counts as the future: what the undisturbed one leaves is of the present.
  const horizon = (clock: { now: () => Date }) => new Date(clock.now().getTime() + 9 * minute)
  const sync = async ({ id, provider }: Awaited<ReturnType<typeof prepare>>, clock = off(0)) => {
    const scheduler = testScheduler(db, clock, [provider], {
      sleep: async (milliseconds) => clock.moveTo(new Date(clock.now().getTime() + milliseconds)),
      smooth: async () => () => {},
    })
    await runAllDue(scheduler, db, clock, id, horizon(clock))
  }
  await sync(undisturbed)

  const disturbed = await prepare()
  await sync(disturbed, off(9 * day))
  const before = new Date()
  const [held] = await db.sql`
    SELECT (SELECT min(granted_at) FROM provider_quota WHERE scope LIKE ${`%${disturbed.id}%`}) > ${before.toISOString()} AS slots,
      next_sync_at > ${before.toISOString()}::timestamptz + INTERVAL '8 days' AS due
    FROM user_source WHERE id = ${disturbed.sourceId}`
  expect(held).toEqual({ slots: true, due: true })
  for (const { provider } of [disturbed, undisturbed])
    provider.world.put({ account: 'A', id: 'new', occurredAt: before.toISOString(), amount: '-3' })

  expect(await mendFutureTimes(db.sql, before)).toMatchObject({ sources: 1 })
  expect(await mendFutureTimes(db.sql, before)).toEqual({ sources: 0, slots: 0 })
  await sync(disturbed)
  await db.sql`UPDATE user_source SET next_sync_at = ${before.toISOString()} WHERE id = ${undisturbed.sourceId}`
  await sync(undisturbed)
  const contents = async ({ id }: { id: string }) => {
    const { rows, sources } = await syncState(db, id, { worth: false })
    return { rows, status: sources.map(({ status, free, attempts }) => [status, free, attempts]) }
  }
  expect(await contents(disturbed)).toEqual(await contents(undisturbed))
  const [next] = await db.sql`
    SELECT next_sync_at < now() + INTERVAL '8 days' AS soon, last_sync_time < now() + INTERVAL '1 hour' AS past
    FROM user_source WHERE id = ${disturbed.sourceId}`
  expect(next).toEqual({ soon: true, past: true })
  for (const { provider } of [disturbed, undisturbed]) await provider.close()
})

test('a clock that is set back between a request and its answer makes no slot free early', async () => {
  const limits = [{ scope: `set back ${trials++}`, max: 1, per: 60_000, fixed: false, shared: false }]
  const start = new Date('2024-06-15T12:00:00Z').getTime()
  const take = (after: number) => takeClientSlots(db.sql, 'sample', limits, new Date(start + after), 30)
  const grant = await take(0)
  if (!grant.granted) throw new Error('the first request has a slot')
  await settleSlots(db.sql, grant, new Date(start - 180 * minute))
  // The provider may have counted it until its timeout.
  expect((await take(minute + 29_999)).granted).toBe(false)
  expect((await take(minute + 30_000)).granted).toBe(true)
})

test('a sync whose clock steps asks and writes nothing more, and another one ends it', async () => {
  const { id, provider } = await prepare(3)
  let agrees = true
  const clock = off(0)
  const scheduler = testScheduler(db, clock, [provider], {
    clockAgrees: async () => agrees,
    fetch: (async (...asked: Parameters<typeof fetch>) => {
      agrees = false
      return fetch(...asked)
    }) as typeof fetch,
  })
  const reports: string[] = []
  const worker = createWorker(scheduler, {
    concurrency: 1,
    onReport: (_, { outcome }) => reports.push(outcome),
  })
  await worker.tick()
  await worker.idle()
  expect(reports).toEqual(['lost'])
  expect(provider.traffic.requests()).toHaveLength(1)
  clock.moveTo(new Date(clock.now().getTime() + 2 * minute))
  const other = testScheduler(db, clock, [provider], {
    sleep: async (milliseconds) => clock.moveTo(new Date(clock.now().getTime() + milliseconds)),
  })
  await runAllDue(other, db, clock, id, new Date(clock.now().getTime() + 20 * minute))
  const { rows } = await syncState(db, id, { worth: false })
  expect(rows.filter(({ kind }) => kind === 'other')).toHaveLength(20)
  await provider.close()
})
