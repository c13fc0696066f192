import { afterAll, expect, test } from 'vitest'
import { listen } from '../../src/connectors/emulator/listen.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { createVendorEmulator } from '../../src/connectors/vendor/emulator.ts'
import { connector } from '../../src/connectors/vendor/index.ts'
import { connect } from '../../src/db/client.ts'
import { createWorker } from '../../src/scheduler/worker.ts'
import { cloneDatabase } from '../setup/database.ts'
import { connectSource, testScheduler } from '../setup/scheduling.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'
import { createActivity, runUntil, trackedFetch, trackedSql } from '../setup/virtual-time.ts'

const closes: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(closes.map((close) => close())))

const start = new Date('2024-06-15T00:00:00Z')
/** A day where TIDEMARK_BUDGET_HOURS asks for it: a minute or two of the machine. Two hours otherwise. */
const hours = Number(process.env.TIDEMARK_BUDGET_HOURS ?? 2)
const restarts = Math.max(2, Math.ceil(hours / 2.4))

/** One transaction a minute for ten years, of a hundred users: more than a day's budget could ever read. */
const history = {
  count: (from: Date, to: Date) => Math.max(0, minute(to) - minute(from)),
  rows: (from: Date, to: Date, offset: number, limit: number) =>
    Array.from({ length: Math.max(0, Math.min(limit, history.count(from, to) - offset)) }, (_, index) => {
      const number = minute(from) + offset + index
      return {
        id: `t${number}`,
        userId: `u${number % 100}`,
        createdAt: new Date(number * 60_000).toISOString(),
        type: 'earned' as const,
        amount: '1.25',
      }
    }),
}
const minute = (instant: Date) => Math.ceil(instant.getTime() / 60_000)

test(`${hours} hours of a backlog: the budget of 5 a minute is used up and never exceeded, by two workers with ${restarts} restarts`, async () => {
  const db = await cloneDatabase()
  const clock = createVirtualClock(start)
  const emulator = createVendorEmulator({ clock: clock.now, limits: false, pageSize: 3, source: history })
  const served = await listen(emulator.app)
  closes.push(served.close)
  const transport = createTransport({ allowedHosts: [served.host] })
  closes.push(transport.close)
  await connectSource(
    db,
    null,
    { connector, ...(emulator.connection(served.url) as { credentials: object; config: object }) },
    clock,
  )

  const activity = createActivity()
  /** A process: its own connections, and an end at which nothing of it goes on. */
  const startWorker = () => {
    let alive = true
    let diesWithNextRequest = false
    const never = new Promise<never>(() => {})
    const whileAlive = <Call extends (...args: never[]) => unknown>(call: Call): Call =>
      ((...args: never[]) => (alive ? call(...args) : never)) as Call
    const fetch = trackedFetch(transport.fetch, activity)
    const sql = connect(db.url, { max: 2 })
    const tracked = trackedSql(sql, activity)
    const scheduler = testScheduler(
      {
        ...db,
        sql: new Proxy(tracked, {
          apply: (target, self, args) => (alive ? Reflect.apply(target, self, args) : never),
        }),
      },
      { ...clock, sleep: whileAlive(clock.sleep) },
      [{ connector, host: served.host }],
      // Smoothing goes by the timers of the machine; the budget that is tested here is none of its business.
      {
        fetch: whileAlive((...asked: Parameters<typeof fetch>) => {
          if (diesWithNextRequest) alive = false
          const answer = fetch(...asked)
          return alive ? answer : never
        }),
        smooth: async () => () => {},
      },
    )
    const worker = createWorker(scheduler, { concurrency: 4 })
    void worker.run(30)
    return {
      /** As by kill -9, with a request under way that the provider counts. */
      kill: () => {
        diesWithNextRequest = true
        closes.push(() => sql.end({ timeout: 1 }))
      },
      stop: scheduler.drain,
    }
  }
  const workers = [startWorker(), startWorker()]
  for (let part = 0; part < restarts; part++) {
    await runUntil(new Date(start.getTime() + ((part + 0.5) * hours * 3_600_000) / restarts), clock, activity)
    // Killed and stopped in turns, the one and the other.
    const out = workers.shift()!
    if (part % 2 === 0) out.kill()
    else out.stop()
    workers.push(startWorker())
  }
  await runUntil(new Date(start.getTime() + hours * 3_600_000), clock, activity)
  for (const worker of workers) worker.stop()

  expect(emulator.traffic.mostWithin(60_000)).toBe(5)
  const end = start.getTime() + hours * 3_600_000
  const used = emulator.traffic.requests().filter(({ at }) => at < end).length / (hours * 60 * 5)
  expect(used).toBeGreaterThanOrEqual(0.99)
  const [stored] = await db.sql`SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM transaction`
  expect(stored!.rows).toBe(stored!.ids)
  // Backfill goes on, and what is new is there within two minutes.
  const [fresh] =
    await db.sql`SELECT extract(epoch FROM ${clock.now().toISOString()}::timestamptz - max(occurred_at))::int AS age FROM transaction`
  expect(fresh!.age).toBeLessThanOrEqual(180)
  expect(stored!.rows).toBeGreaterThan(hours * 60 * 6)
}, 400_000)
