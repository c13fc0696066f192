import { instantOf, instantOrNull, type Sql } from './client.ts'
import { type Owner, ownedBy } from './owner.ts'

export interface SourceRun {
  id: string
  /** A file's name, or the mode of a sync. */
  subject: string
  startedAt: Date
  /** Null while it goes on. */
  endedAt: Date | null
  outcome: 'done' | 'failed' | 'yielded' | null
  pages: number
  added: number
  changed: number
  unchanged: number
  removed: number
  message: string | null
}

/** The runs of a source of the owner's, newest first, at most `limit`; those before the run `before`. */
export async function listRuns(
  sql: Sql,
  owner: Owner,
  sourceId: string,
  { before, limit }: { before?: { startedAt: Date; id: string } | undefined; limit: number },
): Promise<SourceRun[]> {
  const older =
    before === undefined
      ? sql`true`
      : sql`(r.started_at, r.id) < (${before.startedAt.toISOString()}::timestamptz, ${before.id}::bigint)`
  const rows = await sql`
    SELECT r.id, r.subject, r.started_at, r.ended_at, r.outcome, r.pages, r.added, r.changed, r.unchanged, r.removed,
      r.message
    FROM user_source s JOIN sync_run r ON r.source_id = s.id
    WHERE ${ownedBy(sql, owner)} AND s.id = ${sourceId} AND s.status <> 'removed' AND ${older}
    ORDER BY r.started_at DESC, r.id DESC
    LIMIT ${limit}`
  return rows.map(runOf)
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
export function runOf(row: any): SourceRun {
  return {
    id: row.id,
    subject: row.subject,
    startedAt: instantOf(row.started_at),
    endedAt: instantOrNull(row.ended_at),
    outcome: row.outcome,
    pages: row.pages,
    added: row.added,
    changed: row.changed,
    unchanged: row.unchanged,
    removed: row.removed,
    message: row.message,
  }
}
