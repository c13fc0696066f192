import type postgres from 'postgres'
import type { Sql } from '../src/db/client.ts'
import type { NetWorthPoint } from '../src/db/net-worth.ts'
import type { BenchDatabase } from './server.ts'

export interface SeriesQuery {
  userId: string
  from: string
  to: string
  interval: 'day' | 'month'
  currency: string
}

type Fragment = postgres.PendingQuery<postgres.Row[]>

/** The points of a series, numbered from 0, each with its last day. */
function pointsOf(sql: Sql, { from, to, interval }: SeriesQuery): Fragment {
  return interval === 'day'
    ? sql`SELECT day::date AS day, (day::date - ${from}::date) AS slot
        FROM generate_series(${from}::timestamp, ${to}::timestamp, '1 day') AS day`
    : sql`SELECT least((month + INTERVAL '1 month')::date - 1, ${to}::date) AS day, (no - 1)::int AS slot
        FROM generate_series(date_trunc('month', ${from}::timestamp), ${to}::timestamp, '1 month')
          WITH ORDINALITY AS month (month, no)`
}

/** The number of the point that a day belongs to; negative before the first. */
function slotOf(sql: Sql, column: string, { from, interval }: SeriesQuery): Fragment {
  return interval === 'day'
    ? sql`${sql(column)} - ${from}::date`
    : sql`(extract(year FROM ${sql(column)})::int - extract(year FROM ${from}::date)::int) * 12
        + extract(month FROM ${sql(column)})::int - extract(month FROM ${from}::date)::int`
}

/** Balances of each account and asset at each point, folded from the raw rows: SELECT account_id, asset, day, quantity. */
export function rawBalances(sql: Sql, query: SeriesQuery): Fragment {
  return sql`
    WITH point AS (${pointsOf(sql, query)}), flow AS MATERIALIZED (
      SELECT account_id, asset, greatest(${slotOf(sql, 'booked_on', query)}, 0) AS slot, sum(amount) AS amount
      FROM transaction
      WHERE user_id = ${query.userId} AND booked_on <= ${query.to} AND status = 'posted'
      GROUP BY 1, 2, 3
    )
    SELECT h.account_id, h.asset, p.day,
      sum(f.amount) OVER (PARTITION BY h.account_id, h.asset ORDER BY p.slot) AS quantity
    FROM (SELECT DISTINCT account_id, asset FROM flow) AS h
    CROSS JOIN point p
    LEFT JOIN flow f ON f.account_id = h.account_id AND f.asset = h.asset AND f.slot = p.slot`
}

/** The same from the stored running balances: for each holding and point, the latest one, by the index alone. */
export function storedBalancesByPoint(sql: Sql, query: SeriesQuery): Fragment {
  return sql`
    WITH point AS (${pointsOf(sql, query)})
    SELECT h.account_id, h.asset, p.day, b.balance AS quantity
    FROM bench.balance_holding h CROSS JOIN point p
    CROSS JOIN LATERAL (
      SELECT balance FROM bench.running_balance r
      WHERE r.user_id = h.user_id AND r.account_id = h.account_id AND r.asset = h.asset AND r.day <= p.day
      ORDER BY r.day DESC LIMIT 1
    ) AS b
    WHERE h.user_id = ${query.userId}`
}

/** The same in one pass over the user's stored balances: the last one in each point, carried to the next. */
export function storedBalancesInOnePass(sql: Sql, query: SeriesQuery): Fragment {
  return sql`
    WITH point AS (${pointsOf(sql, query)}), last AS (
      SELECT DISTINCT ON (account_id, asset, slot) account_id, asset, slot, balance
      FROM (
        SELECT account_id, asset, day, balance, greatest(${slotOf(sql, 'day', query)}, 0) AS slot
        FROM bench.running_balance WHERE user_id = ${query.userId} AND day <= ${query.to}
      ) AS r
      ORDER BY account_id, asset, slot, day DESC
    )
    SELECT l.account_id, l.asset, p.day, l.balance AS quantity
    FROM (
      SELECT last.*, lead(slot) OVER (PARTITION BY account_id, asset ORDER BY slot) AS next FROM last
    ) AS l
    CROSS JOIN LATERAL generate_series(l.slot, coalesce(l.next, (SELECT count(*)::int FROM point)) - 1) AS s
    JOIN point p ON p.slot = s`
}

/** Net worth at each point from balances, valued by the same price_series and rounded as net_worth does. */
export async function valueBalances(
  sql: Sql,
  balances: Fragment,
  query: SeriesQuery,
): Promise<Pick<NetWorthPoint, 'date' | 'netWorth' | 'assets'>[]> {
  const rows = await sql`
    WITH holding AS MATERIALIZED (${balances}), valued AS (
      SELECT h.day, sum(value_at(h.quantity, p.numerator, p.denominator)) AS value
      FROM holding h
      JOIN price_series(
        ARRAY(SELECT DISTINCT asset FROM holding WHERE quantity <> 0), ${query.currency},
        ARRAY(SELECT day FROM (${pointsOf(sql, query)}) AS point)
      ) AS p ON p.asset = h.asset AND p.day = h.day
      GROUP BY h.account_id, h.day
    )
    SELECT day, trim_scale(round(sum(value), 8)) AS net_worth,
      trim_scale(round(coalesce(sum(value) FILTER (WHERE value >= 0), 0), 8)) AS assets
    FROM valued GROUP BY day ORDER BY day`
  return rows.map((row) => ({ date: row.day, netWorth: row.net_worth, assets: row.assets }))
}

/** The prices that such a series needs, and nothing else. */
export function pricesOf(sql: Sql, query: SeriesQuery): Fragment {
  return sql`
    SELECT count(*) FROM price_series(
      ARRAY(SELECT DISTINCT asset FROM bench.balance_holding WHERE user_id = ${query.userId}), ${query.currency},
      ARRAY(SELECT day FROM (${pointsOf(sql, query)}) AS point)
    )`
}

/**
 * The table that a developer would keep by hand: what each account held of each asset after each day with a
 * movement, in the order of its key, which also carries the balance, so that no read needs the table itself. A small
 * table beside it names the holdings.
 */
export async function makeRunningBalances(db: BenchDatabase): Promise<void> {
  const sql = db.connection()
  await sql`SET work_mem = '256MB'`
  await sql`SET maintenance_work_mem = '1GB'`
  await sql`
    CREATE TABLE bench.running_balance AS
    SELECT user_id, account_id, asset, day::date AS day,
      sum(amount) OVER (PARTITION BY user_id, account_id, asset ORDER BY day) AS balance
    FROM daily_flow ORDER BY user_id, account_id, asset, day`
  await sql`CREATE UNIQUE INDEX ON bench.running_balance (user_id, account_id, asset, day) INCLUDE (balance)`
  await sql`
    CREATE TABLE bench.balance_holding AS SELECT DISTINCT user_id, account_id, asset FROM bench.running_balance`
  await sql`CREATE UNIQUE INDEX ON bench.balance_holding (user_id, account_id, asset)`
  await sql`VACUUM (ANALYZE) bench.running_balance, bench.balance_holding`
}
