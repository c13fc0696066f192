import { NotFoundError } from '../errors.ts'
import { retryOnContention, type Sql } from './client.ts'
import { type Owner, ownedBy } from './owner.ts'

/**
 * Ends a connection: it is synced no more, its credentials are gone and its name is free again. What it brought
 * stays, and its dead letters, which nobody can run again, are closed. A sync that runs loses its lease. Throws a
 * NotFoundError where there is no such source or it is not the owner's (anybody's without one).
 */
export async function removeSource(sql: Sql, sourceId: string, now: Date, owner?: Owner): Promise<void> {
  const [removed] = await sql`
    WITH removed AS (
      UPDATE user_source s SET status = 'removed', status_message = NULL, name = name || ' (removed ' || id || ')',
        credentials = NULL, next_sync_at = NULL, backfill_at = NULL,
        lease_token = NULL, lease_until = NULL, running_lane = NULL
      WHERE ${owner === undefined ? sql`true` : ownedBy(sql, owner)} AND s.id = ${sourceId} AND s.status <> 'removed'
      RETURNING s.id
    ), closed AS (
      UPDATE dead_letter d SET status = 'discarded', updated_at = ${now.toISOString()}
      FROM removed r
      WHERE d.source_id = r.id AND d.status IN ('open', 'queued')
    )
    SELECT id, mark_source_changed(id) AS marked FROM removed`
  if (!removed) throw new NotFoundError('there is no such source')
}

/**
 * Takes a source away with everything that it brought, as if it had never been. Throws a NotFoundError where there is
 * no such source or it is not the owner's. See sql/functions/0026_remove_source.sql.
 */
export async function removeSourceWithHistory(sql: Sql, sourceId: string, owner: Owner): Promise<void> {
  const [row] = await retryOnContention(
    () => sql`SELECT remove_source(${owner}::bigint, ${sourceId}) AS removed`,
  )
  if (!row!.removed) throw new NotFoundError('there is no such source')
}
