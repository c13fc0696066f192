import type { Sql } from './client.ts'

/** Rows and prices that syncs of a source told, by what became of them. */
export interface SourceCounts {
  added: number
  changed: number
  unchanged: number
  removed: number
}

/** Over all runs of each source, the one under way included; sources that never ran are left out. */
export async function readSyncCounts(sql: Sql, sourceIds: string[]): Promise<Map<string, SourceCounts>> {
  const rows = await sql<(SourceCounts & { source_id: string })[]>`
    SELECT source_id, sum(added)::float8 AS added, sum(changed)::float8 AS changed,
      sum(unchanged)::float8 AS unchanged, sum(removed)::float8 AS removed
    FROM sync_run WHERE source_id = ANY (${sourceIds}::bigint[]) GROUP BY source_id`
  return new Map(rows.map(({ source_id, ...counts }) => [source_id, counts]))
}
