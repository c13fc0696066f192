import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Limit } from '../../src/connectors/connector.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { connect } from '../../src/db/client.ts'
import { createWorker, type Worker } from '../../src/scheduler/worker.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { fillWorld, type SampleOptions, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource, testScheduler } from '../setup/scheduling.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'
import { createActivity, quiet, runUntil, trackedFetch, trackedSql } from '../setup/virtual-time.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
const closes: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(closes.map((close) => close())))

const start = new Date('2024-06-15T00:00:00Z')
let providers = 0

/** A provider in virtual time, and two workers as of two processes. */
async function prepare(limits: Limit[], options: Partial<SampleOptions> = {}, pollSeconds = 1) {
  const clock = createVirtualClock(start)
  const activity = createActivity()
  const requests: { at: number; token: string }[] = []
  const provider = await startSampleProvider({
    schedule: { dailyAt: '20:00', timeZone: 'UTC' },
    history: { windowDays: 30, maxDays: 3650 },
    pageSize: 10,
    ...options,
    limits,
    id: `lanes-${providers++}`,
    clock: clock.now,
    onRequest: (_, moment, token) => {
      if (moment === 'arrived') requests.push({ at: clock.now().getTime(), token })
    },
  })
  const transport = createTransport({ allowedHosts: [provider.host] })
  closes.push(provider.close, transport.close)
  fillWorld(provider.world, '2024-06-15', 3650)
  const stops: (() => void)[] = []
  const startWorker = (): Worker => {
    const sql = connect(db.url, { max: 2 })
    closes.push(() => sql.end({ timeout: 1 }))
    const scheduler = testScheduler({ ...db, sql: trackedSql(sql, activity) }, clock, [provider], {
      fetch: trackedFetch(transport.fetch, activity),
      // Smoothing goes by the timers of the machine.
      smooth: async () => () => {},
    })
    const worker = createWorker(scheduler, { concurrency: 8 })
    void worker.run(pollSeconds)
    stops.push(scheduler.drain)
    return worker
  }
  const workers = [startWorker(), startWorker()]
  return {
    clock,
    provider,
    requests,
    workers,
    runFor: (milliseconds: number) =>
      runUntil(new Date(clock.now().getTime() + milliseconds), clock, activity),
    async connectUser(token: string) {
      const { user } = await newPerson(db)
      return connectSource(db, user.id, { ...provider, credentials: { token } }, clock, token)
    },
    async stop() {
      for (const stop of stops) stop()
      await quiet(activity)
    },
  }
}

const budgets: Record<string, { limit: Limit; warmUp: number; within: number; poll: number; users: number }> =
  {
    '5 a minute': {
      limit: { scope: 'client', max: 5, per: 60_000, kind: 'sliding' },
      warmUp: 180_000,
      within: 61_000,
      poll: 1000,
      users: 3,
    },
    '1 a second': {
      limit: { scope: 'client', max: 1, per: 1000, kind: 'sliding' },
      warmUp: 10_000,
      within: 10_000,
      poll: 1000,
      users: 3,
    },
    '100 a second': {
      limit: { scope: 'client', max: 100, per: 1000, kind: 'sliding' },
      warmUp: 1000,
      within: 40,
      poll: 20,
      users: 2,
    },
  }

describe('a backfill of ten years delays what is more urgent by one request at most', () => {
  for (const [name, { limit, warmUp, within, poll, users }] of Object.entries(budgets)) {
    for (const lane of [0, 1] as const) {
      test(`${name}, ${lane === 0 ? 'somebody waits' : 'due at its time'}`, async () => {
        const { clock, requests, runFor, connectUser, workers, stop } = await prepare(
          [limit],
          {},
          poll / 1000,
        )
        await connectUser('ten years')
        await runFor(warmUp)
        const delays: number[] = []
        for (let user = 0; user < users; user++) {
          // Not always at the same place of the window.
          await runFor(Math.round((limit.per / limit.max) * (0.3 + user * 0.3)))
          const sourceId = await connectUser(`refresh ${user}`)
          const now = clock.now().getTime()
          // What is due at its time is found when a worker looks; what somebody waits for, by HTTP, at once.
          const dueAt = lane === 0 ? now : now + poll - (now % poll)
          if (lane === 0) void workers[user % 2]!.tick()
          else
            await db.sql`
              UPDATE user_source SET lane = 1, next_sync_at = ${new Date(dueAt).toISOString()} WHERE id = ${sourceId}`
          await runFor(dueAt - now + within)
          const since = requests.filter(({ at }) => at >= dueAt)
          const own = since.findIndex(({ token }) => token === `refresh ${user}`)
          expect(own, 'its request was made').not.toBe(-1)
          const ahead = since.slice(0, own)
          const before = [...requests.filter(({ at }) => at < dueAt), ...ahead].map(({ at }) => at)
          let forced = dueAt
          while (before.filter((at) => at > forced - limit.per).length >= limit.max)
            forced = before.toSorted((a, b) => b - a)[limit.max - 1]! + limit.per
          expect(ahead.length).toBeLessThanOrEqual(1)
          delays.push(since[own]!.at - forced)
        }
        await stop()
        // A slot that somebody else takes in this moment is looked at again 10 ms later.
        expect(Math.max(...delays)).toBeLessThanOrEqual(limit.per === 1000 && limit.max === 100 ? 20 : 0)
      })
    }
  }

  test('it is not kept waiting for ever itself where something is always due', async () => {
    const { requests, runFor, connectUser, clock, stop, provider } = await prepare(
      [{ scope: 'client', max: 5, per: 60_000, kind: 'sliding' }],
      { schedule: { everyMinutes: 1 } },
    )
    for (let user = 0; user < 12; user++) await connectUser(`user ${user}`)
    await db.sql`
      UPDATE user_source SET last_sync_time = ${clock.now().toISOString()}
      WHERE name LIKE 'user %' AND name <> 'user 0'`
    // The first one's head comes first; from then on it has history to read.
    await runFor(300_000)
    const [source] =
      await db.sql`SELECT count(*)::int AS left FROM user_source WHERE backfill_from IS NOT NULL`
    expect(source!.left).toBeGreaterThan(0)
    await db.sql`UPDATE user_source SET next_sync_at = ${new Date('2024-06-16T12:00:00Z').toISOString()} WHERE name = 'user 0'`
    const since = clock.now().getTime()
    await runFor(600_000)
    await stop()
    const own = requests.filter(({ at, token }) => at >= since && token === 'user 0').length
    // About one of each window: it competes for it with heads that are due as well.
    expect(own).toBeGreaterThanOrEqual(6)
    expect(requests.filter(({ at }) => at >= since).length).toBeGreaterThanOrEqual(50)
    expect(provider.traffic.mostWithin(60_000)).toBe(5)
  })
})
