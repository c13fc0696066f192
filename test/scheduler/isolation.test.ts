import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listDeadLetters, retryDeadLetters } from '../../src/db/dead-letters.ts'
import { reconnectSource, requestSync, setSourceStatus } from '../../src/db/sources.ts'
import { createWorker } from '../../src/scheduler/worker.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { fillWorld, type SampleOptions, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource, testKeyring, testScheduler } from '../setup/scheduling.ts'
import { runAllDue, syncState } from '../setup/sync-state.ts'
import { countingSteps, frozenAt, testProcess } from '../setup/test-process.ts'
import { createVirtualClock, type VirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
const closes: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(closes.map((close) => close())))

const start = new Date('2024-06-15T12:00:00Z')
let providers = 0

async function startProvider(clock: VirtualClock, options: Partial<SampleOptions> = {}) {
  const provider = await startSampleProvider({
    schedule: { dailyAt: '04:00', timeZone: 'UTC' },
    ...options,
    id: `isolated-${providers++}`,
    clock: clock.now,
  })
  closes.push(provider.close)
  fillWorld(provider.world, '2024-06-15', 3)
  return provider
}
type Provider = Awaited<ReturnType<typeof startProvider>>

/** Connections of one user, all due, by their tokens. */
async function connectAll(provider: Provider, clock: VirtualClock, tokens: string[]): Promise<string[]> {
  const { user } = await newPerson(db)
  const ids: string[] = []
  for (const token of tokens)
    ids.push(await connectSource(db, user.id, { ...provider, credentials: { token } }, clock, token))
  return ids
}
const named = (count: number, name = 'user') => Array.from({ length: count }, (_, index) => `${name}${index}`)

test('a provider that never answers does not slow another one', async () => {
  const clock: VirtualClock = createVirtualClock(start)
  let hanging = 0
  const silent = await startProvider(clock, {
    onRequest: async () => {
      hanging++
      await new Promise(() => {})
    },
  })
  const good = await startProvider(clock)
  await connectAll(silent, clock, named(200))
  await connectAll(good, clock, named(50))
  // Nothing times out but by the timers of the machine, and the clock stands still.
  const scheduler = testScheduler(db, clock, [silent, good], { requestTimeout: 600_000 })
  let done = 0
  await new Promise<void>((resolve) => {
    const worker = createWorker(scheduler, {
      concurrency: 8,
      onReport: ({ connector }, { outcome }) => {
        expect(connector).toBe(good.connector.id)
        expect(outcome).toBe('done')
        if (++done === 50) resolve()
      },
    })
    void worker.tick()
  })
  // Half of the places, and no more, wait for the one.
  expect(hanging).toBe(4)
  scheduler.drain()
  scheduler.abandon()
})

test('a source that never gets an answer does not stop the others of its provider', async () => {
  const clock = createVirtualClock(start)
  const provider = await startProvider(clock, {
    onRequest: async (_, moment, token) => {
      if (moment === 'arrived' && token === 'user3') await new Promise(() => {})
    },
  })
  await connectAll(provider, clock, named(20))
  const scheduler = testScheduler(db, clock, [provider], { requestTimeout: 600_000 })
  const done: string[] = []
  await new Promise<void>((resolve) => {
    const worker = createWorker(scheduler, {
      concurrency: 4,
      onReport: ({ sourceId }) => {
        if (done.push(sourceId) === 19) resolve()
      },
    })
    void worker.tick()
  })
  expect(new Set(done).size).toBe(19)
  scheduler.drain()
  scheduler.abandon()
})

test('sources that fail do not stop the others of their provider, alone or in a batch', async () => {
  for (const batchMax of [1, 10]) {
    const clock = createVirtualClock(start)
    const provider = await startProvider(clock, batchMax > 1 ? { batchMax } : {})
    if (batchMax > 1)
      for (const token of named(10)) {
        provider.world.openAccount({ id: `of ${token}`, name: token, kind: 'wallet', asset: 'EUR' })
        provider.world.put({
          account: `of ${token}`,
          id: '1',
          occurredAt: '2024-06-15T10:00:00Z',
          amount: '1',
        })
      }
    const ids = await connectAll(provider, clock, named(10))
    provider.refused.add('user1')
    // One whose credentials cannot be opened, and one whose cursor is of another version.
    await db.sql`UPDATE user_source SET credentials = '\\x00' WHERE id = ${ids[2]!}`
    await db.sql`UPDATE user_source SET cursor = '"garbage"' WHERE id = ${ids[3]!}`
    await runAllDue(
      testProcess(db, clock, [provider], countingSteps().around),
      db,
      clock,
      provider.connector.id,
      new Date('2024-06-15T23:00:00Z'),
    )
    const { sources } = await syncState(db, provider.connector.id)
    const outcomes = sources.map(({ synced }) => synced)
    expect(outcomes).toEqual([true, false, false, true, true, true, true, true, true, true])
  }
})

test('of an account that cannot be read the others of its source know nothing', async () => {
  for (const history of [{ windowDays: 30, maxDays: 30 }, {}]) {
    const clock = createVirtualClock(start)
    const provider = await startProvider(clock, { history, balances: true })
    provider.world.openAccount({ id: 'B', name: 'Account B', kind: 'savings', asset: 'EUR' })
    for (const amount of ['7', '8'])
      provider.world.put({ account: 'B', id: amount, occurredAt: '2024-06-12T10:00:00Z', amount })
    const [sourceId] = await connectAll(provider, clock, ['good'])
    const run = () =>
      runAllDue(
        testProcess(db, clock, [provider], countingSteps().around),
        db,
        clock,
        provider.connector.id,
        new Date('2024-06-15T23:00:00Z'),
      )
    const broken = (body: string) =>
      body.replace('"amount":"8"', '"amount":true').replace('"balance":"15"', '"balance":{}')
    for (let request = 0; request < 2; request++) provider.faults.plan({ kind: 'rewritten', rewrite: broken })
    await run()
    const before = await syncState(db, provider.connector.id)
    expect(before.rows.filter(({ external_id: id, kind }) => id === 'A' && kind === 'other')).toHaveLength(3)
    expect(before.balances).toMatchObject([{ external_id: 'A' }])
    expect(before.letters.length).toBeGreaterThan(0)
    expect(before.letters.every(({ kind }) => kind === 'record')).toBe(true)
    await retryDeadLetters(db.sql, { sourceId }, clock.now())
    await run()
    const after = await syncState(db, provider.connector.id)
    expect(after.letters).toEqual([])
    expect(after.rows.filter(({ external_id: id, kind }) => id === 'B' && kind === 'other')).toHaveLength(2)
    expect(after.balances).toMatchObject([{ external_id: 'A' }, { external_id: 'B', reported: '15' }])
    expect(await listDeadLetters(db.sql, { sourceId })).toEqual([])
  }
})

test('connectors take turns', async () => {
  const clock = createVirtualClock(start)
  const many = await startProvider(clock)
  const few = await startProvider(clock)
  await connectAll(many, clock, named(60))
  await connectAll(few, clock, named(6))
  const ended: string[] = []
  const worker = createWorker(testScheduler(db, clock, [many, few]), {
    concurrency: 4,
    onReport: ({ connector }) => ended.push(connector),
  })
  await worker.tick()
  await worker.idle()
  expect(ended).toHaveLength(66)
  expect(ended.slice(0, 20).filter((connector) => connector === few.connector.id)).toHaveLength(6)
})

test('batches beside other connectors never wait for a place longer than their lease', async () => {
  const clock = createVirtualClock(start)
  const batched = await startProvider(clock, { batchMax: 50 })
  const others = [await startProvider(clock), await startProvider(clock), await startProvider(clock)]
  await connectAll(batched, clock, named(20))
  for (const other of others) await connectAll(other, clock, named(20))
  const claimed: number[] = []
  const worker = createWorker(testScheduler(db, clock, [batched, ...others]), {
    concurrency: 4,
    onReport: () => claimed.push(worker.running()),
  })
  await worker.tick()
  expect(worker.running()).toBeLessThanOrEqual(4)
  await worker.idle()
  expect(claimed).toHaveLength(80)
  expect(Math.max(...claimed)).toBeLessThanOrEqual(4)
})

test('a source that is paused, or waits for its owner, is never claimed', async () => {
  const clock = createVirtualClock(start)
  const provider = await startProvider(clock)
  const statuses = ['paused', 'reauth', 'revoked', 'payment', 'removed', 'active']
  const ids = await connectAll(provider, clock, statuses)
  for (const [index, status] of statuses.entries())
    await db.sql`
      UPDATE user_source SET status = ${status}, backfill_from = '2024-01-01', backfill_to = '2024-02-01',
        backfill_at = ${start.toISOString()} WHERE id = ${ids[index]!}`
  expect(await requestSync(db.sql, ids, clock.now())).toBe(1)
  const seen = new Set<string>()
  const worker = createWorker(testScheduler(db, clock, [provider]), {
    concurrency: 4,
    onReport: ({ sourceId }) => seen.add(sourceId),
  })
  await worker.tick()
  await worker.idle()
  expect([...seen]).toEqual([ids[5]])
})

/** A sync stops in front of its first request, `meanwhile` happens, and it goes on to its end. */
async function meanwhile(
  happens: (sourceId: string, clock: VirtualClock, provider: Provider) => Promise<unknown>,
) {
  const clock = createVirtualClock(start)
  const provider = await startProvider(clock)
  const [sourceId] = await connectAll(provider, clock, ['good'])
  const counted = countingSteps()
  let stopped: ReturnType<typeof frozenAt> | undefined
  const process = testProcess(db, clock, [provider], (step, take) => {
    // The first request alone is met here.
    if (step.kind === 'fetch' && !stopped) {
      stopped = frozenAt(1)
      return stopped.around(step, take)
    }
    return counted.around(step, take)
  })
  const horizon = new Date('2024-06-15T13:00:00Z')
  const run = runAllDue(process, db, clock, provider.connector.id, horizon)
  while (!stopped) await sleep(1)
  await stopped.arrived
  clock.moveTo(new Date(start.getTime() + 5000))
  await happens(sourceId!, clock, provider)
  stopped.wake()
  await run
  // Also what had to wait for the end of a lease.
  await runAllDue(process, db, clock, provider.connector.id, horizon)
  return { requests: provider.traffic.requests(), state: await syncState(db, provider.connector.id) }
}

test('what somebody asks for while a sync runs leads to another one', async () => {
  const undisturbed = await meanwhile(async () => {})
  expect(undisturbed.requests).toHaveLength(1)
  const { requests } = await meanwhile((sourceId, clock) => requestSync(db.sql, [sourceId], clock.now()))
  expect(requests).toHaveLength(2)
})

test('an owner who signs in again while a sync fails by the old credentials does not have to do so twice', async () => {
  const { state } = await meanwhile(async (sourceId, clock, provider) => {
    provider.refused.add('good')
    await reconnectSource(db.sql, testKeyring(), sourceId, { credentials: { token: 'new' } }, clock.now())
  })
  expect(state.sources).toMatchObject([{ status: 'active', synced: true }])
})

test('a source that is paused while a sync of it fails stays paused', async () => {
  const { state } = await meanwhile(async (sourceId, clock, provider) => {
    provider.refused.add('good')
    await setSourceStatus(db.sql, sourceId, 'paused', clock.now())
  })
  expect(state.sources).toMatchObject([{ status: 'paused' }])
})
