import { type Sql, sqlState } from './client.ts'
import type { Engine } from './engine.ts'

export interface RollupPass {
  /** Users whose marks were cleared. */
  cleared: number
  /** The days that were refreshed, both included; undefined where nothing was dirty. */
  window: { from: string; to: string } | undefined
  /** True where another refresh held the same days; the marks stay for the next pass. */
  busy: boolean
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
  if (engine === 'plain') return { cleared: 0, window: undefined, busy: false }
  const [pass] = await sql<{ horizon: string; from: string | null; to: string | null }[]>`
    SELECT horizon::text, month_start(from_day)::text AS from, (bucket_end(to_day, 'month') + 1)::text AS to
    FROM (
      SELECT h.horizon, (SELECT min(from_day) FROM rollup_dirty WHERE marked_xid < h.horizon) AS from_day,
        (SELECT max(range_end)::date FROM timescaledb_information.chunks
          WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction') AS to_day
      FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS h
    ) AS dirty`
  if (!pass?.from || !pass.to) return { cleared: 0, window: undefined, busy: false }
  try {
    for (const aggregate of ['daily_flow', 'monthly_flow']) {
      // A statement of its own, since a refresh commits in between and cannot run inside a transaction. In one pass:
      // the batches that TimescaleDB 2.28 would cut by itself leave out invalidations that are not in the
      // aggregate's own log yet, and end without a word.
      await sql.unsafe(
        `CALL refresh_continuous_aggregate('${aggregate}', '${pass.from}'::date, '${pass.to}'::date,
          options => '{"buckets_per_batch": 0}')`,
      )
    }
  } catch (error) {
    // A policy or another pass refreshes days of this window right now. It may have taken their invalidations and
    // not yet have written their sums, so nothing may be cleared.
    if (!(error instanceof Error && 'code' in error && error.code === sqlState.lockNotAvailable)) throw error
    return { cleared: 0, window: undefined, busy: true }
  }
  const cleared = await sql`DELETE FROM rollup_dirty WHERE marked_xid < ${pass.horizon}::xid8`
  return { cleared: cleared.count, window: { from: pass.from, to: pass.to }, busy: false }
}
