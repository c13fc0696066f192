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
    await refresh(sql, 'daily_flow', pass.from, pass.to, false)
    await refresh(sql, 'monthly_flow', pass.from, pass.to, false)
    for (const { month, next } of await staleMonths(sql, pass.horizon)) {
      await refresh(sql, 'monthly_flow', month, next, true)
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

/**
 * A statement of its own, since a refresh commits in between and cannot run inside a transaction. In one pass: the
 * batches that TimescaleDB 2.28 would cut by itself leave out invalidations that are not in the aggregate's own log
 * yet, and end without a word. See docs/decisions/0005-refresh-in-one-pass.md.
 */
async function refresh(sql: Sql, aggregate: string, from: string, to: string, force: boolean): Promise<void> {
  await sql.unsafe(
    `CALL refresh_continuous_aggregate('${aggregate}', '${from}'::date, '${to}'::date,
      force => ${force}, options => '{"buckets_per_batch": 0}')`,
  )
}

/**
 * The months in which the monthly sums of the users whose marks are to be cleared are not those of their days: the
 * invalidation of a month can be lost on the way up from the days (TimescaleDB 2.28, where it ends on the first day
 * of a month). Only users who are marked can have changed.
 */
async function staleMonths(sql: Sql, horizon: string): Promise<{ month: string; next: string }[]> {
  const months = await sql<{ month: string; next: string }[]>`
    WITH dirty AS MATERIALIZED (
      SELECT user_id, month_start(from_day) AS from_month FROM rollup_dirty WHERE marked_xid < ${horizon}::xid8
    ), by_day AS (
      SELECT f.user_id, f.account_id, f.asset, month_start(f.day) AS month, sum(f.amount) AS amount,
        sum(f.transactions) AS transactions
      FROM dirty d JOIN daily_flow f ON f.user_id = d.user_id AND f.day >= d.from_month
      GROUP BY 1, 2, 3, 4
    ), by_month AS (
      SELECT f.user_id, f.account_id, f.asset, f.month, f.amount, f.transactions
      FROM dirty d JOIN monthly_flow f ON f.user_id = d.user_id AND f.month >= d.from_month
    )
    SELECT DISTINCT month::text, (month + INTERVAL '1 month')::date::text AS next
    FROM by_day FULL JOIN by_month m USING (user_id, account_id, asset, month)
    WHERE (by_day.amount, by_day.transactions) IS DISTINCT FROM (m.amount, m.transactions)
    ORDER BY month`
  return [...months]
}
