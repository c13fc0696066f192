import type { Sql } from '../client.ts'
import type { Database } from '../database.ts'
import { refreshRollups } from '../rollups.ts'

/** Computes the sums of all rows that were loaded. */
export async function computeFlows({ sql, engine }: Database): Promise<void> {
  if (engine === 'plain') await fillTables(sql)
  else await refreshAggregates(sql)
}

/** What the triggers of sql/plain/0002_flows.sql would have made, and from here on make again. */
async function fillTables(sql: Sql): Promise<void> {
  await sql`
    WITH days AS (
      INSERT INTO daily_flow (user_id, account_id, asset, day, amount, transactions)
      SELECT user_id, account_id, asset, booked_on, sum(amount), count(*)
      FROM transaction WHERE status = 'posted' GROUP BY user_id, account_id, asset, booked_on
      RETURNING user_id, account_id, asset, day, amount, transactions
    )
    INSERT INTO monthly_flow (user_id, account_id, asset, month, amount, transactions)
    SELECT user_id, account_id, asset, month_start(day), sum(amount), sum(transactions)
    FROM days GROUP BY user_id, account_id, asset, month_start(day)`
  await sql`ALTER TABLE transaction ENABLE TRIGGER USER`
}

/**
 * Every user is marked from their first day on, so that reads are exact whatever becomes of the refresh: what it does not
 * come to, the upkeep of the first worker does.
 */
async function refreshAggregates(sql: Sql): Promise<void> {
  await sql`
    SELECT count(mark_rollup_dirty(user_id, first_day)::text)
    FROM (SELECT user_id, min(booked_on) AS first_day FROM transaction GROUP BY user_id) AS users`
  await refreshRollups(sql, 'timescale')
}
