import type { Sql } from '../src/db/client.ts'
import { lastDay } from './population.ts'
import { parentOf, processorTime, serverTime } from './process-usage.ts'
import type { BenchDatabase } from './server.ts'

/** Syncs a second, and of each the milliseconds of processor, the bytes of WAL and the commits. */
export interface Costs {
  syncs: number
  worker: number
  server: number
  emulator: number
  wal: number
  commits: number
}

/** Pages of ten rows as a statement that knows nothing of syncs stores them. */
export async function measureInserts(db: BenchDatabase, milliseconds: number): Promise<Costs> {
  const [backend] = await db.sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  const postmaster = await parentOf(backend!.pid)
  let done = 0
  const snapshot = async () => {
    const [[state], server, worker] = await Promise.all([
      readState(db.sql),
      serverTime(postmaster),
      processorTime(process.pid),
    ])
    return { at: performance.now(), done, ...state!, server, worker }
  }
  const before = await snapshot()
  const work = async (sql: Sql) => {
    while (performance.now() < before.at + milliseconds) {
      const page = done++
      await sql`
        INSERT INTO transaction (
          user_id, account_id, id, booked_on, amount, asset, kind, status, description, counterparty, recorded_at
        )
        SELECT -1 - ${page}, -1, gen_random_uuid(), ${lastDay}, 1.5, 'EUR', 'card', 'posted', 'Page ' || n, 'Shop', now()
        FROM generate_series(1, 10) AS n`
    }
  }
  await Promise.all([1, 2, 3, 4].map(() => work(db.connection())))
  const after = await snapshot()
  await db.sql`DELETE FROM transaction WHERE user_id < 0 AND booked_on = ${lastDay}`
  const each = (name: 'server' | 'worker' | 'wal' | 'commits') => (after[name] - before[name]) / after.done
  return {
    syncs: (after.done / (after.at - before.at)) * 1000,
    worker: each('worker'),
    server: each('server'),
    emulator: 0,
    wal: each('wal'),
    commits: each('commits'),
  }
}

export function toCells({ syncs, worker, server, emulator, wal, commits }: Costs): string[] {
  return [
    syncs.toFixed(0),
    `${worker.toFixed(2)} ms`,
    `${server.toFixed(2)} ms`,
    `${emulator.toFixed(2)} ms`,
    `${(wal / 1024).toFixed(1)} KiB`,
    commits.toFixed(1),
  ]
}

export function readState(sql: Sql) {
  return sql<{ wal: number; commits: number }[]>`
    SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal, xact_commit::float8 AS commits
    FROM pg_stat_database WHERE datname = current_database()`
}
