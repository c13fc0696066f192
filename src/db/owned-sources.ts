import { NotFoundError } from '../errors.ts'
import { instantOf, instantOrNull, type Sql } from './client.ts'
import { type Owner, ownedBy } from './owner.ts'
import type { SourceStatus } from './sources.ts'

/** A source as its owner sees it. */
export interface OwnedSource {
  id: string
  /** Null on a platform-wide connection. */
  userId: string | null
  /** The connector's id, `file` or `manual`. */
  type: string
  name: string
  config: unknown
  externalId: string | null
  status: SourceStatus
  statusMessage: string | null
  lastSyncTime: Date | null
  /** Null while nothing is planned. */
  nextSyncAt: Date | null
  /** A worker has it. */
  running: boolean
  /** Days that are still to be read. */
  backfill: { from: string; to: string } | null
  createdAt: Date
  /** Those that are open or queued. */
  deadLetters: number
  accounts: number
}

/** All that the owner has and has not removed, oldest first; with `sourceId`, that one alone. */
export async function listOwnedSources(
  sql: Sql,
  owner: Owner,
  now: Date,
  sourceId?: string,
): Promise<OwnedSource[]> {
  const rows = await sql`
    SELECT s.id, s.user_id, s.source_type_id, s.name, s.config, s.external_id, s.status, s.status_message,
      s.last_sync_time, CASE WHEN s.status = 'active' THEN s.next_sync_at END AS next_sync_at, s.created_at,
      (s.running_lane IS NOT NULL AND s.lease_until > ${now.toISOString()}) IS TRUE AS running,
      s.backfill_from, s.backfill_to,
      (SELECT count(*)::int FROM dead_letter d WHERE d.source_id = s.id AND d.status IN ('open', 'queued'))
        AS dead_letters,
      (SELECT count(*)::int FROM account a WHERE a.source_id = s.id) AS accounts
    FROM user_source s
    WHERE ${ownedBy(sql, owner)} AND s.status <> 'removed'
      AND (${sourceId ?? null}::bigint IS NULL OR s.id = ${sourceId ?? null})
    ORDER BY s.id`
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    type: row.source_type_id,
    name: row.name,
    config: row.config,
    externalId: row.external_id,
    status: row.status,
    statusMessage: row.status_message,
    lastSyncTime: instantOrNull(row.last_sync_time),
    nextSyncAt: instantOrNull(row.next_sync_at),
    running: row.running,
    backfill: row.backfill_from === null ? null : { from: row.backfill_from, to: row.backfill_to },
    createdAt: instantOf(row.created_at),
    deadLetters: row.dead_letters,
    accounts: row.accounts,
  }))
}

/** Throws a NotFoundError where there is no such source, it was removed, or it is not the owner's. */
export async function findOwnedSource(
  sql: Sql,
  owner: Owner,
  sourceId: string,
  now: Date,
): Promise<OwnedSource> {
  const [source] = await listOwnedSources(sql, owner, now, sourceId)
  if (!source) throw new NotFoundError('there is no such source')
  return source
}
