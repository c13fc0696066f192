import type { Sql } from './client.ts'
import { runOf, type SourceRun } from './source-runs.ts'

/** A run, and the source that it was of. */
export interface RunOfSource extends SourceRun {
  connector: string
  sourceId: string
  sourceName: string
  /** Of a platform-wide connection: nobody’s in particular. */
  owner: 'user' | 'platform'
}

export interface RunFilter {
  /** `running`: it has not ended. */
  outcome?: 'done' | 'failed' | 'yielded' | 'running' | undefined
  connector?: string | undefined
  /** Those that were recorded before this one, by id. */
  before?: string | undefined
  limit: number
}

/** Runs that one question looks through at most, so that it is as fast where few or none match. */
const mostLookedAt = 10_000

/**
 * Runs of all sources, the last recorded first, at most `limit`. `next`: before which run the list goes on; null at
 * its end. There may be further ones behind a page that is not full, and behind an empty one.
 */
export async function pageRuns(
  sql: Sql,
  { outcome, connector, before, limit }: RunFilter,
): Promise<{ runs: RunOfSource[]; next: string | null }> {
  // In words of its own, so that the planner sees that the index of failed runs serves it.
  const among = outcome === 'failed' ? sql`outcome = 'failed'` : sql`true`
  const earlier = before === undefined ? sql`true` : sql`id < ${before}`
  const candidates = sql`SELECT * FROM sync_run WHERE ${among} AND ${earlier} ORDER BY id DESC`
  const wanted = outcome === 'running' ? null : (outcome ?? 'any')
  const rows = await sql`
    SELECT r.id, r.subject, r.started_at, r.ended_at, r.outcome, r.pages, r.added, r.changed, r.unchanged, r.removed,
      r.message, r.source_id, s.source_type_id, s.name, s.user_id IS NULL AS is_platform
    FROM (${candidates} LIMIT ${mostLookedAt}) AS r
    -- By its key for each run: a join of all sources would cost more than the page.
    CROSS JOIN LATERAL (SELECT * FROM user_source u WHERE u.id = r.source_id OFFSET 0) AS s
    WHERE (${wanted}::text = 'any' OR r.outcome IS NOT DISTINCT FROM ${wanted}::text)
      AND (${connector ?? null}::text IS NULL OR s.source_type_id = ${connector ?? null})
      AND s.status <> 'removed'
    ORDER BY r.id DESC
    LIMIT ${limit + 1}`
  const runs = rows.slice(0, limit).map((row) => ({
    ...runOf(row),
    connector: row.source_type_id,
    sourceId: row.source_id,
    sourceName: row.name,
    owner: row.is_platform ? ('platform' as const) : ('user' as const),
  }))
  if (rows.length > limit) return { runs, next: runs.at(-1)!.id }
  const [last] = await sql`${candidates} OFFSET ${mostLookedAt - 1} LIMIT 1`
  return { runs, next: last?.id ?? null }
}
