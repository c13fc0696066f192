import { RefusedError } from '../errors.ts'
import type { Sql } from './client.ts'
import type { Engine } from './engine.ts'

/**
 * The detail of transactions may leave the database only where no policy refreshes any more. Refuses a setting that reaches into the policies' windows, on both engines alike, so that an installation can
 * change its server. Refuses every retention policy that was added to the hypertable by hand: it drops the rows and leaves
 * no sums, so that the next refresh of these days would empty the aggregates, and the history with them.
 */
export async function checkRawRetention(sql: Sql, engine: Engine, days: number | undefined): Promise<void> {
  const windowDays = engine === 'timescale' ? await longestRefreshWindow(sql) : plainWindowDays
  if (days !== undefined && days <= windowDays) {
    throw new RefusedError(
      `TIDEMARK_RAW_RETENTION_DAYS=${days} is refused: the aggregates are refreshed from the raw transactions of the last ` +
        `${windowDays} days, which have to be there in full; set it to more than ${windowDays}, or leave it out to keep the detail of all`,
    )
  }
  if (engine !== 'timescale') return
  const [policy] = await sql<{ drop_after: string }[]>`
    SELECT config->>'drop_after' AS drop_after FROM timescaledb_information.jobs
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction' AND proc_name = 'policy_retention'`
  if (policy) {
    throw new RefusedError(
      `the retention policy on transaction drops rows after ${policy.drop_after}, and the refresh behind a late row would ` +
        'then erase the net worth of everyone on that day; ' +
        "remove it with SELECT remove_retention_policy('transaction')",
    )
  }
}

/** What sql/aggregates/0003_refresh_policies.sql sets on the other engine. */
const plainWindowDays = 400

async function longestRefreshWindow(sql: Sql): Promise<number> {
  const [window] = await sql<{ days: string | null }[]>`
    SELECT max(extract(epoch FROM (config->>'start_offset')::interval) / 86400)::int AS days
    FROM timescaledb_information.jobs
    WHERE proc_name = 'policy_refresh_continuous_aggregate'`
  return Number(window?.days ?? plainWindowDays)
}
