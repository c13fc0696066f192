import { setTimeout } from 'node:timers/promises'
import type { Shutdown } from '../src/shutdown.ts'
import { parentOf, processorTime, serverTime } from './process-usage.ts'
import { type AreaReport, count, type Figure } from './report.ts'
import { type Emulator, startEmulator, startWorker } from './scheduler-processes.ts'
import { benchConnectorIds } from './scheduler-provider.ts'
import { makeBenchSources } from './scheduler-sources.ts'
import type { BenchDatabase } from './server.ts'
import { type Costs, measureInserts, readState, toCells } from './sync-costs.ts'

const sources = 30_000
const users = 10_000
const warmUp = 3_000
const measured = 10_000

/** Syncs of one page against a provider that answers at once and refuses nothing, beside the transactions that are stored. */
export async function benchSyncs(db: BenchDatabase, shutdown: Shutdown, stored = 0): Promise<AreaReport[]> {
  await makeBenchSources(db.sql, { sources, users, connectors: benchConnectorIds, baseUrl: '' })
  const rows: string[][] = []
  const figures: Figure[] = []
  for (const { name, known } of [
    { name: '10 new rows', known: 0 },
    { name: '2 new rows, 8 known', known: 8 },
  ]) {
    for (const workers of [1, 2]) {
      const costs = await withEmulator(known, (emulator) => measure(db, emulator, workers, shutdown))
      rows.push([workers === 1 ? name : '', String(workers), ...toCells(costs)])
      const what = `${name}, ${workers === 1 ? 'a worker' : `${workers} workers`}`
      figures.push(
        { name: `syncs: ${what}`, value: costs.syncs, unit: 'a second' },
        { name: `a sync in the server: ${what}`, value: costs.server, unit: 'ms' },
      )
    }
  }
  rows.push(['10 rows by INSERT, nothing else', '', ...toCells(await measureInserts(db, measured))])
  const costs = await withEmulator(8, (emulator) => functionCosts(db, emulator, shutdown))
  return [
    {
      title: `Syncs a second, ${count(stored)} rows stored`,
      about: [
        `data      ${count(sources)} sources of ${count(users)} users and ${benchConnectorIds.length} connectors without limits, all due; one request and one`,
        '          page a sync',
        `measured  over ${measured / 1000} s, after ${warmUp / 1000} s; each worker a process of its own, 16 syncs at once and a pool of 4`,
        '          connections; the emulator another one; all on the same cores. Processor time of each a sync, as',
        '          /proc tells it. INSERT: ten rows a statement into the table alone, on 4 connections, which is what a sync',
        '          of ten new rows cannot do without; its client is the benchmark',
      ],
      head: ['page', 'workers', 'syncs/s', 'worker', 'server', 'emulator', 'WAL a sync', 'commits a sync'],
      rows,
      figures,
    },
    {
      title: 'Where the server’s time goes',
      about: [
        'data      as above: 2 new rows, 8 known, one worker',
        'measured  pg_stat_user_functions over some seconds, with track_functions on; wall time in the server, without',
        '          the commit that follows. The total of a function has that of those in it which it calls',
      ],
      head: ['function', 'calls a sync', 'total a sync', 'of its own'],
      rows: costs,
    },
  ]

  async function withEmulator<Result>(known: number, run: (emulator: Emulator) => Promise<Result>) {
    const emulator = await startEmulator({ known }, shutdown)
    await db.sql`
      UPDATE user_source SET config = ${JSON.stringify({ baseUrl: emulator.url })}::text::jsonb, lane = 1,
        next_sync_at = now() - INTERVAL '1 minute'
      WHERE source_type_id = ANY (${benchConnectorIds})`
    await db.sql`VACUUM user_source`
    await db.sql`CHECKPOINT`
    const result = await run(emulator)
    await emulator.stop()
    return result
  }
}

async function measure(
  { sql, url }: BenchDatabase,
  emulator: Emulator,
  workerCount: number,
  shutdown: Shutdown,
): Promise<Costs> {
  const [backend] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  const postmaster = await parentOf(backend!.pid)
  const workers = await Promise.all(
    Array.from({ length: workerCount }, () => startBenchWorker(url, emulator, shutdown)),
  )
  const snapshot = async () => {
    const [reports, [state], emulated, served, ...own] = await Promise.all([
      Promise.all(workers.map((worker) => worker.report())),
      readState(sql),
      processorTime(emulator.pid),
      serverTime(postmaster),
      ...workers.map(({ pid }) => processorTime(pid)),
    ])
    const failed = reports.find(({ failed }) => failed > 0)
    if (failed) throw new Error(`${failed.failed} syncs failed: ${failed.message}`)
    return {
      at: performance.now(),
      syncs: reports.reduce((sum, { done }) => sum + done, 0),
      ...state!,
      emulator: emulated,
      server: served,
      worker: own.reduce((sum, each) => sum + each, 0),
    }
  }
  for (const worker of workers) worker.run()
  await setTimeout(warmUp)
  const before = await snapshot()
  await setTimeout(measured)
  const after = await snapshot()
  for (const worker of workers) await worker.stop()
  const perSync = (name: 'worker' | 'server' | 'emulator' | 'wal' | 'commits') =>
    (after[name] - before[name]) / (after.syncs - before.syncs)
  return {
    syncs: ((after.syncs - before.syncs) / (after.at - before.at)) * 1000,
    worker: perSync('worker'),
    server: perSync('server'),
    emulator: perSync('emulator'),
    wal: perSync('wal'),
    commits: perSync('commits'),
  }
}

async function functionCosts(
  { sql, url }: BenchDatabase,
  emulator: Emulator,
  shutdown: Shutdown,
): Promise<string[][]> {
  const database = decodeURIComponent(new URL(url).pathname.slice(1))
  await sql.unsafe(`ALTER DATABASE ${database} SET track_functions = 'all'`)
  const worker = await startBenchWorker(url, emulator, shutdown)
  worker.run()
  await setTimeout(measured)
  const { done } = await worker.report()
  await worker.stop()
  await sql.unsafe(`ALTER DATABASE ${database} RESET track_functions`)
  const functions = await sql<{ name: string; calls: number; total: number; self: number }[]>`
    SELECT funcname AS name, calls::float8 AS calls, total_time AS total, self_time AS self
    FROM pg_stat_user_functions WHERE calls > ${Math.floor(done / 2)} ORDER BY self_time DESC LIMIT 8`
  return functions.map(({ name, calls, total, self }) => [
    name,
    (calls / done).toFixed(1),
    `${(total / done).toFixed(2)} ms`,
    `${(self / done).toFixed(2)} ms`,
  ])
}

function startBenchWorker(databaseUrl: string, emulator: Emulator, shutdown: Shutdown) {
  return startWorker(
    {
      databaseUrl,
      connections: 4,
      concurrency: 16,
      hosts: [emulator.host],
      bench: benchConnectorIds.map((id) => ({ id, limits: [] })),
      registry: [],
    },
    shutdown,
  )
}
