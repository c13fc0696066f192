import type { Sql } from './client.ts'

/** What is written of a sync is of the present, give or take this much. */
const ahead = '10 minutes'
/** How much is read again of a source whose last sync nobody knows the time of. */
const rereadDays = '31 days'

/**
 * Puts right what a clock that was ahead has left behind: budgets that would be used up, leases that would be held and
 * sources that would not be due until that time comes. Slots count as used now, which is later than they were; sources
 * are due now, and read the last days again. Returns how many sources and slots there were.
 */
export async function mendFutureTimes(sql: Sql, now: Date): Promise<{ sources: number; slots: number }> {
  const at = sql`${now.toISOString()}::timestamptz`
  const future = sql`${at} + ${ahead}::interval`
  const [row] = await sql<{ sources: number; slots: number }[]>`
    WITH slot AS (
      UPDATE provider_quota SET used_at = ${at}, granted_at = ${at} WHERE granted_at > ${future} RETURNING scope
    ), run AS (
      UPDATE sync_run SET started_at = ${at}, ended_at = CASE WHEN ended_at > ${at} THEN ${at} ELSE ended_at END
      WHERE started_at > ${future} OR ended_at > ${future}
      RETURNING source_id
    ), source AS (
      UPDATE user_source SET
        lease_token = CASE WHEN lease_until > ${future} THEN NULL ELSE lease_token END,
        running_lane = CASE WHEN lease_until > ${future} THEN NULL ELSE running_lane END,
        lease_until = CASE WHEN lease_until > ${future} THEN NULL ELSE lease_until END,
        next_sync_at = CASE WHEN next_sync_at > ${at} THEN ${at} ELSE next_sync_at END,
        backfill_at = CASE WHEN backfill_at > ${at} THEN ${at} ELSE backfill_at END,
        last_sync_time = CASE WHEN last_sync_time > ${at} THEN ${at} - ${rereadDays}::interval ELSE last_sync_time END
      WHERE id IN (SELECT source_id FROM run) OR (running_lane IS NOT NULL AND lease_until > ${future})
      RETURNING id
    )
    SELECT (SELECT count(*)::int FROM source) AS sources, (SELECT count(*)::int FROM slot) AS slots`
  return { ...row! }
}
