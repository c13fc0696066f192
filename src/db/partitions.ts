import type { Sql } from './client.ts'

/** Months that partitions are made ahead on the plain engine; on timescale chunks make themselves. */
export const usualMonthsAhead = 3

/** Ingest makes what its own page needs; made ahead, no page of a usual day has to wait for one. */
export async function ensurePartitionsAhead(
  sql: Sql,
  now: Date,
  monthsAhead = usualMonthsAhead,
): Promise<void> {
  await sql`
    SELECT ensure_transaction_partitions(ARRAY(
      SELECT (${now.toISOString()}::timestamptz::date + make_interval(months => m))::date
      FROM generate_series(0, ${monthsAhead}) AS m
    ))`
}
