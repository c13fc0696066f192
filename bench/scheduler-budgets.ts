import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import type { Limit } from '../src/connectors/connector.ts'
import { listen } from '../src/connectors/emulator/listen.ts'
import { createTransport } from '../src/connectors/transport.ts'
import { createVendorEmulator } from '../src/connectors/vendor/emulator.ts'
import { connector as vendor } from '../src/connectors/vendor/index.ts'
import { connect } from '../src/db/client.ts'
import { addSource } from '../src/db/sources.ts'
import { createScheduler } from '../src/scheduler/scheduler.ts'
import { createWorker } from '../src/scheduler/worker.ts'
import type { Shutdown } from '../src/shutdown.ts'
import { createVirtualClock } from '../test/setup/virtual-clock.ts'
import { createActivity, runUntil, trackedFetch, trackedSql } from '../test/setup/virtual-time.ts'
import { type AreaReport, count } from './report.ts'
import { startEmulator, startWorker } from './scheduler-processes.ts'
import { benchConnector } from './scheduler-provider.ts'
import { benchKeyring, makeBenchSources } from './scheduler-sources.ts'
import type { BenchDatabase } from './server.ts'

const minute = 60_000
const realTime = 20_000
const latency = 200

/** How much of a provider's budget two workers use while there is always more to ask, and the most in any window. */
export async function benchBudgets(db: BenchDatabase, shutdown: Shutdown): Promise<AreaReport> {
  return {
    title: 'Use of a provider’s budget',
    about: [
      'data      5 a minute: one platform-wide connection with ten years to read, a row a minute in pages of 3, beside',
      '          its head every minute; the others: connections that are due again before their turn comes',
      'measured  two workers; requests as the provider counts them when they arrive, after the first window, against what',
      '          the limit allows. 5 and 60 a minute in virtual time, in which an answer takes',
      `          ${latency} ms; 100 a second in real time over ${realTime / 1000} s, the emulator and each worker a process`,
    ],
    head: ['limit', 'time', 'requests', 'used', 'most in any window', 'allowed'],
    rows: [
      await virtual(db, { max: 5, hours: 6 }, shutdown),
      await virtual(db, { max: 60, hours: 1 }, shutdown),
      await real(db, 100, shutdown),
    ],
  }
}

const start = new Date('2025-06-15T00:00:00Z')

async function virtual(
  db: BenchDatabase,
  { max, hours }: { max: number; hours: number },
  shutdown: Shutdown,
): Promise<string[]> {
  const clock = createVirtualClock(start)
  const isVendor = max === 5
  const emulator = createVendorEmulator({ clock: clock.now, limits: false, pageSize: 3, source: history })
  const served = isVendor ? await listen(emulator.app) : await startEmulator({}, shutdown)
  if ('close' in served) shutdown.register(served.close)
  const limit: Limit = { scope: 'client', max, per: minute, kind: 'sliding' }
  const connector = isVendor ? vendor : benchConnector('bench-60', [limit], 1)
  const keyring = benchKeyring()
  if (isVendor) {
    const { credentials, config } = emulator.connection(served.url) as { credentials: object; config: object }
    await addSource(db.sql, keyring, { connector, userId: null, name: 'vendor', config, credentials }, start)
  } else {
    await makeBenchSources(db.sql, {
      sources: 600,
      users: 200,
      connectors: [connector.id],
      baseUrl: served.url,
    })
    await db.sql`UPDATE user_source SET next_sync_at = ${start.toISOString()} WHERE source_type_id = ${connector.id}`
  }

  const transport = createTransport({ allowedHosts: [served.host] })
  shutdown.register(transport.close)
  const activity = createActivity()
  const stopping = new AbortController()
  const arrivals: number[] = []
  const fetch = trackedFetch(transport.fetch, activity)
  const workers = [0, 1].map(() => {
    const sql = connect(db.url, { max: 2 })
    shutdown.register(() => sql.end({ timeout: 1 }))
    const scheduler = createScheduler({
      db: { ...db, sql: trackedSql(sql, activity) },
      connectors: { ids: () => [connector.id], get: async () => connector, settings: async () => undefined },
      log: pino({ level: 'silent' }),
      clock: clock.now,
      sleep: clock.sleep,
      signal: stopping.signal,
      abandoned: new AbortController().signal,
      keyring,
      // The provider counts a request when it arrives, the gate when its answer is there.
      fetch: (async (...asked: Parameters<typeof fetch>) => {
        arrivals.push(clock.now().getTime())
        const answer = await fetch(...asked)
        await clock.sleep(latency, new AbortController().signal)
        return answer
      }) as typeof fetch,
      random: () => 0.5,
    })
    // Smoothing goes by the timers of the machine.
    return createWorker({ ...scheduler, smooth: async () => () => {} }, { concurrency: 16 })
  })
  for (const worker of workers) void worker.run(30)
  const end = start.getTime() + hours * 60 * minute
  await runUntil(new Date(end), clock, activity)
  stopping.abort()
  await runUntil(new Date(end + 5 * minute), clock, activity)
  if ('stop' in served) await served.stop()
  const counted = arrivals.filter((at) => at >= start.getTime() + minute && at < end).length
  return [
    `${max} a minute`,
    `${hours} h`,
    count(counted),
    percent(counted / (max * (hours * 60 - 1))),
    String(mostWithin(arrivals, minute)),
    String(max),
  ]
}

async function real(db: BenchDatabase, max: number, shutdown: Shutdown): Promise<string[]> {
  // Without rows: what the pages hold is none of the budget's business, and would be what the machine is busy with.
  const emulator = await startEmulator({ rows: 0, window: 1000 }, shutdown)
  const id = 'bench-100'
  await makeBenchSources(db.sql, { sources: 4_000, users: 1_000, connectors: [id], baseUrl: emulator.url })
  const workers = await Promise.all(
    [0, 1].map(() =>
      startWorker(
        {
          databaseUrl: db.url,
          connections: 4,
          concurrency: 16,
          hosts: [emulator.host],
          bench: [{ id, limits: [{ scope: 'client', max, per: 1000, kind: 'sliding' }], everyMinutes: 1 }],
          registry: [],
        },
        shutdown,
      ),
    ),
  )
  for (const worker of workers) worker.run()
  await setTimeout(3_000)
  const before = (await emulator.report()).requests
  const begin = performance.now()
  await setTimeout(realTime)
  const { requests, mostInWindow } = await emulator.report()
  const taken = performance.now() - begin
  for (const worker of workers) await worker.stop()
  await emulator.stop()
  const counted = requests - before
  return [
    `${max} a second`,
    `${realTime / 1000} s`,
    count(counted),
    percent(counted / (max * (taken / 1000))),
    String(mostInWindow),
    String(max),
  ]
}

/** One transaction a minute for ten years, of a hundred users: more than the budget could ever read. */
const history = {
  count: (from: Date, to: Date) => Math.max(0, minuteOf(to) - minuteOf(from)),
  rows: (from: Date, to: Date, offset: number, limit: number) =>
    Array.from({ length: Math.max(0, Math.min(limit, history.count(from, to) - offset)) }, (_, index) => {
      const number = minuteOf(from) + offset + index
      return {
        id: `t${number}`,
        userId: `u${number % 100}`,
        createdAt: new Date(number * minute).toISOString(),
        type: 'earned' as const,
        amount: '1.25',
      }
    }),
}

function minuteOf(instant: Date): number {
  return Math.ceil(instant.getTime() / minute)
}

function mostWithin(arrivals: number[], window: number): number {
  let most = 0
  for (let last = 0, first = 0; last < arrivals.length; last++) {
    while (arrivals[first]! <= arrivals[last]! - window) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}
