import type { ConnectionLimit, ScopeLimit } from '../scope-limit.ts'
import { instantOrNull, type Sql } from './client.ts'

export interface ProviderStatus {
  connector: string
  title: string
  /** Sources that are synced, those that wait for their owner included. */
  sources: number
  /** Active and at their time, with nobody working on them. */
  due: number
  running: number
  /** With history that is still to be read. */
  backfilling: number
  /** That wait for their owner: to sign in again, to give permission, to pay. */
  waiting: number
  /** Whose last attempt failed. */
  failing: number
  deadLetters: number
  /** The source that was synced the longest ago; null where one never was. */
  oldestSync: Date | null
  /** The same among those that were synced; null where none was. */
  oldestKnownSync: Date | null
  neverSynced: number
  /** Of each budget of the connector as a whole: at most `max` requests in `per` milliseconds. */
  budgets: { scope: string; used: number; left: number; max: number; per: number }[]
  /** Connections that have used up a budget of their own; null where they have none. */
  connectionsUsedUp: number | null
  pausedUntil: Date | null
}

/** By connector, those without sources left out. `limits`: the connectors' own, of scope `client`. */
export async function readSyncStatus(
  sql: Sql,
  limits: (ScopeLimit & { connector: string })[],
  connectionLimits: ConnectionLimit[],
  now: Date,
): Promise<ProviderStatus[]> {
  const at = now.toISOString()
  const rows = await sql`
    SELECT s.source_type_id AS connector, (SELECT title FROM source_type t WHERE t.id = s.source_type_id) AS title,
      count(*)::int AS sources,
      count(*) FILTER (WHERE s.status = 'active' AND s.next_sync_at <= ${at}
        AND (s.lease_until IS NULL OR s.lease_until <= ${at}))::int AS due,
      count(*) FILTER (WHERE s.running_lane IS NOT NULL AND s.lease_until > ${at})::int AS running,
      count(*) FILTER (WHERE s.backfill_from IS NOT NULL)::int AS backfilling,
      count(*) FILTER (WHERE s.status NOT IN ('active', 'paused'))::int AS waiting,
      count(*) FILTER (WHERE s.status = 'active' AND s.attempts + s.backfill_attempts > 0)::int AS failing,
      count(*) FILTER (WHERE s.last_sync_time IS NULL)::int AS never_synced,
      min(s.last_sync_time) AS oldest_sync,
      coalesce(max(d.letters), 0)::int AS dead_letters,
      (SELECT paused_until FROM provider_pause p
        WHERE p.scope = s.source_type_id AND p.paused_until > ${at}) AS paused_until
    FROM user_source s
    LEFT JOIN (
      SELECT u.source_type_id, count(*) AS letters
      FROM dead_letter l JOIN user_source u ON u.id = l.source_id
      WHERE l.status IN ('open', 'queued') GROUP BY u.source_type_id
    ) AS d ON d.source_type_id = s.source_type_id
    WHERE s.next_sync_at IS NOT NULL AND s.status <> 'removed'
    GROUP BY s.source_type_id
    ORDER BY s.source_type_id`
  const budgets = await sql`
    SELECT l.connector, l.scope, l.max, l.per::float8 AS per,
      count(q.slot) FILTER (WHERE q.used_at > ${cutoff(sql, at)})::int AS used
    FROM jsonb_to_recordset(${JSON.stringify(limits)}::text::jsonb)
      AS l (connector text, scope text, max int, per bigint, fixed boolean)
    LEFT JOIN provider_quota q ON q.scope = l.scope AND q.slot <= l.max
    WHERE l.max IS NOT NULL
    GROUP BY l.connector, l.scope, l.max, l.per
    ORDER BY l.per, l.scope`
  // Where a connection has its last slot, it has all of them.
  const usedUp = await sql`
    SELECT l.connector, count(DISTINCT substring(q.scope FROM ' source ([0-9]+)'))::int AS connections
    FROM jsonb_to_recordset(${JSON.stringify(connectionLimits)}::text::jsonb)
      AS l (connector text, scope text, max int, per bigint, fixed boolean)
    LEFT JOIN provider_quota q ON q.scope ~ l.scope AND q.slot = l.max AND q.used_at > ${cutoff(sql, at)}
      AND NOT EXISTS (
        SELECT 1 FROM provider_quota f
        WHERE f.scope = q.scope AND f.slot < l.max AND f.used_at <= ${cutoff(sql, at)}
      )
    GROUP BY l.connector`
  return rows.map((row) => ({
    connector: row.connector,
    title: row.title,
    sources: row.sources,
    due: row.due,
    running: row.running,
    backfilling: row.backfilling,
    waiting: row.waiting,
    failing: row.failing,
    deadLetters: row.dead_letters,
    oldestSync: row.never_synced > 0 ? null : instantOrNull(row.oldest_sync),
    oldestKnownSync: instantOrNull(row.oldest_sync),
    neverSynced: row.never_synced,
    budgets: budgets
      .filter(({ connector }) => connector === row.connector)
      .map(({ scope, used, max, per }) => ({ scope, used, left: max - used, max, per })),
    connectionsUsedUp: usedUp.find(({ connector }) => connector === row.connector)?.connections ?? null,
    pausedUntil: instantOrNull(row.paused_until),
  }))
}

/** A slot that was used later counts in the window of a limit `l`. The same as in sql/functions/0011_take_slots.sql. */
function cutoff(sql: Sql, at: string) {
  return sql`CASE WHEN l.fixed
    THEN to_timestamp(floor(extract(epoch FROM ${at}::timestamptz) * 1000 / l.per) * l.per / 1000)
      - INTERVAL '1 microsecond'
    ELSE ${at}::timestamptz - make_interval(secs => l.per / 1000.0)
  END`
}
