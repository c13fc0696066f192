import type { Sql } from './client.ts'
import type { Engine } from './engine.ts'

export interface RollupPass {
  /** Users whose marks were cleared. */
  cleared: number
  /** The days that were refreshed, both included; undefined where nothing was dirty. */
  window: { from: string; to: string } | undefined
}

/**
 * One maintenance pass: brings the aggregates up to date with every write that had committed when it began, and
 * clears the marks of those writes. A write that commits meanwhile carries a newer transaction id and keeps its
 * mark. Days first, then months, which are made of days. Readers are exact before, during and after.
 *
 * TimescaleDB recomputes only what its invalidation log names inside the window, so a wide window is no waste. The
 * end is bounded by the last chunk: an open one would let a row dated in the future drag the watermark along.
 */
export async function refreshRollups(sql: Sql, engine: Engine): Promise<RollupPass> {
  if (engine === 'plain') return { cleared: 0, window: undefined }
  const [pass] = await sql<{ horizon: string; from: string | null; to: string | null }[]>`
    SELECT horizon::text, month_start(from_day)::text AS from, (bucket_end(to_day, 'month') + 1)::text AS to
    FROM (
      SELECT h.horizon, (SELECT min(from_day) FROM rollup_dirty WHERE marked_xid < h.horizon) AS from_day,
        (SELECT max(range_end)::date FROM timescaledb_information.chunks
          WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction') AS to_day
      FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS h
    ) AS dirty`
  if (!pass?.from || !pass.to) return { cleared: 0, window: undefined }
  // Each refresh is a statement of its own: it commits in between and cannot run inside a transaction.
  const quote = (day: string) => `'${day}'::date`
  await sql.unsafe(`CALL refresh_continuous_aggregate('daily_flow', ${quote(pass.from)}, ${quote(pass.to)})`)
  await sql.unsafe(
    `CALL refresh_continuous_aggregate('monthly_flow', ${quote(pass.from)}, ${quote(pass.to)})`,
  )
  const cleared = await sql`DELETE FROM rollup_dirty WHERE marked_xid < ${pass.horizon}::xid8`
  return { cleared: cleared.count, window: { from: pass.from, to: pass.to } }
}
