import { NotFoundError, RefusedError } from '../errors.ts'
import type { Keyring } from '../keyring.ts'
import type { Claim } from './claims.ts'
import { instantOrNull, type Sql } from './client.ts'
import { writeCredentials } from './credentials.ts'
import { isOfHead } from './dead-letters.ts'
import type { Json } from './sync-pages.ts'

export type SourceStatus = 'active' | 'paused' | 'reauth' | 'revoked' | 'payment' | 'removed'

export interface Source {
  id: string
  connector: string
  name: string
  config: unknown
  externalId: string | null
  /** Null on a platform-wide connection. */
  userId: string | null
  email: string | null
  status: SourceStatus
  statusMessage: string | null
  lastSyncTime: Date | null
  nextSyncAt: Date | null
  running: boolean
  /** Days that are still to be read. */
  backfill: { from: string; to: string } | null
}

export interface NewSource {
  connector: { id: string; title: string }
  /** Null on a platform-wide connection. */
  userId: string | null
  name: string
  config: object
  /** Undefined where the connector needs none. */
  credentials: object | undefined
  externalId?: string | undefined
}

/**
 * Adds a connection, due at once. Throws a RefusedError where its owner has one of that name already. Cut off in the
 * middle it leaves a source that is not due, which the same call completes.
 */
export async function addSource(sql: Sql, keyring: Keyring, source: NewSource, now: Date): Promise<string> {
  const { connector, userId, name, config, credentials, externalId } = source
  const [made] = await sql<{ id: string }[]>`
    WITH type AS (
      INSERT INTO source_type AS t (id, title) VALUES (${connector.id}, ${connector.title})
      ON CONFLICT (id) DO UPDATE SET title = excluded.title WHERE t.title <> excluded.title
    )
    INSERT INTO user_source AS s (user_id, source_type_id, name, external_id, config)
    VALUES (${userId}, ${connector.id}, ${name}, ${externalId ?? null}, ${JSON.stringify(config)}::text::jsonb)
    ON CONFLICT ON CONSTRAINT user_source_name DO UPDATE
      SET config = excluded.config, external_id = excluded.external_id
      WHERE s.next_sync_at IS NULL AND s.last_sync_time IS NULL
    RETURNING id`
  if (!made) throw new RefusedError(`there is a source "${name}" of this type already`)
  if (credentials !== undefined) await writeCredentials(sql, keyring, made.id, credentials)
  await sql`
    UPDATE user_source SET next_sync_at = ${now.toISOString()}, lane = 0
    WHERE id = ${made.id} AND next_sync_at IS NULL`
  return made.id
}

/** New credentials for a connection whose owner signed in again: it is due at once. */
export async function renewCredentials(
  sql: Sql,
  keyring: Keyring,
  sourceId: string,
  credentials: object,
  now: Date,
): Promise<void> {
  await writeCredentials(sql, keyring, sourceId, credentials)
  await setSourceStatus(sql, sourceId, 'active', now)
}

/**
 * Gives a source another configuration and other credentials, and lets it go on with them at once. What runs with
 * those before loses its lease.
 */
export async function reconnectSource(
  sql: Sql,
  keyring: Keyring,
  sourceId: string,
  { config, credentials }: Pick<NewSource, 'config' | 'credentials'>,
  now: Date,
): Promise<void> {
  await sql`
    UPDATE user_source SET config = ${JSON.stringify(config)}::text::jsonb, lease_token = NULL, lease_until = NULL,
      running_lane = NULL
    WHERE id = ${sourceId}`
  if (credentials !== undefined) await writeCredentials(sql, keyring, sourceId, credentials)
  await setSourceStatus(sql, sourceId, 'active', now)
}

/**
 * Pauses a source, or lets it go on; `message` says why. What it waits for begins at once. A sync that runs loses its
 * lease: how that ends says nothing of the source as it is now.
 */
export async function setSourceStatus(
  sql: Sql,
  sourceId: string,
  status: 'active' | 'paused',
  now: Date,
  message: string | null = null,
): Promise<void> {
  const rows = await sql`
    UPDATE user_source s SET status = ${status}, status_message = ${message}, attempts = 0, backfill_attempts = 0,
      lease_token = NULL, lease_until = NULL, running_lane = NULL,
      next_sync_at = CASE WHEN ${status} = 'active' THEN ${now.toISOString()}::timestamptz ELSE next_sync_at END,
      backfill_at = CASE WHEN ${status} = 'active' AND (
          backfill_from IS NOT NULL
          OR EXISTS (SELECT 1 FROM dead_letter d WHERE d.source_id = s.id AND d.status = 'queued')
        ) THEN ${now.toISOString()}::timestamptz ELSE backfill_at END
    WHERE id = ${sourceId} AND status <> 'removed'
    RETURNING id`
  if (rows.length === 0) throw new NotFoundError(`there is no source ${sourceId}`)
}

export interface SourceFilter {
  userId?: string | undefined
  sourceId?: string | undefined
}

/** Sources that connectors sync, oldest first; those through which files are imported are none. */
export async function listSources(sql: Sql, { userId, sourceId }: SourceFilter = {}): Promise<Source[]> {
  const rows = await sql`
    SELECT s.id, s.source_type_id, s.name, s.config, s.external_id, s.user_id, u.email, s.status, s.status_message, s.last_sync_time,
      s.next_sync_at, s.running_lane IS NOT NULL AS running, s.backfill_from, s.backfill_to
    FROM user_source s LEFT JOIN app_user u ON u.id = s.user_id
    WHERE s.next_sync_at IS NOT NULL AND s.status <> 'removed'
      AND (${userId ?? null}::bigint IS NULL OR s.user_id = ${userId ?? null})
      AND (${sourceId ?? null}::bigint IS NULL OR s.id = ${sourceId ?? null})
    ORDER BY s.id`
  return rows.map((row) => ({
    id: row.id,
    connector: row.source_type_id,
    name: row.name,
    config: row.config,
    externalId: row.external_id,
    userId: row.user_id,
    email: row.email,
    status: row.status,
    statusMessage: row.status_message,
    lastSyncTime: instantOrNull(row.last_sync_time),
    nextSyncAt: instantOrNull(row.next_sync_at),
    running: row.running,
    backfill: row.backfill_from === null ? null : { from: row.backfill_from, to: row.backfill_to },
  }))
}

/** Throws a NotFoundError where there is no such source. */
export async function findSource(sql: Sql, sourceId: string): Promise<Source> {
  const [source] = /^\d{1,18}$/.test(sourceId) ? await listSources(sql, { sourceId }) : []
  if (!source) throw new NotFoundError(`there is no source ${sourceId}: see tidemark source list`)
  return source
}

/** Makes sources due at once, before everything that nobody waits for; returns how many can be. */
export async function requestSync(sql: Sql, sourceIds: string[], now: Date): Promise<number> {
  const [row] = await sql`SELECT request_sync(${sourceIds}::bigint[], ${now.toISOString()}) AS count`
  return Number(row!.count)
}

/** What a worker needs to know of a source that it has claimed. */
export interface ClaimedSource {
  config: unknown
  /** To be opened by src/db/credentials.ts; null where it has none. */
  sealedCredentials: Uint8Array | null
  cursor: Json
  /** There are dead letters to be run again beside the head. */
  hasQueuedLetters: boolean
  lastSyncTime: Date | null
  attempts: number
  backfill: { from: string; to: string } | null
  backfillCursor: Json
  backfillAttempts: number
  /** The owner's; UTC where there is none. */
  timeZone: string
  lastSeenAt: Date | null
}

export async function readClaimedSource(sql: Sql, claim: Claim): Promise<ClaimedSource> {
  const [row] = await sql`
    SELECT s.config, s.credentials, EXISTS (
        SELECT 1 FROM dead_letter d
        WHERE d.source_id = s.id AND d.status = 'queued' AND NOT ${isOfHead(sql)}
      ) AS has_queued_letters, s.cursor, s.last_sync_time, s.attempts, s.backfill_from, s.backfill_to, s.backfill_cursor,
      s.backfill_attempts, u.time_zone, coalesce(u.last_seen_at, u.created_at) AS last_seen_at FROM user_source s LEFT JOIN app_user u ON u.id = s.user_id
    WHERE s.id = ${claim.sourceId}`
  if (!row) throw new NotFoundError(`there is no source ${claim.sourceId}`)
  return {
    config: row.config,
    sealedCredentials: row.credentials,
    hasQueuedLetters: row.has_queued_letters,
    cursor: row.cursor,
    lastSyncTime: instantOrNull(row.last_sync_time),
    attempts: row.attempts,
    backfill: row.backfill_from === null ? null : { from: row.backfill_from, to: row.backfill_to },
    backfillCursor: row.backfill_cursor,
    backfillAttempts: row.backfill_attempts,
    timeZone: row.time_zone ?? 'UTC',
    lastSeenAt: instantOrNull(row.last_seen_at),
  }
}

/** Marks a user as having looked: their sources are synced more often for a while. At most once an hour. */
export async function markSeen(sql: Sql, userId: string, now: Date): Promise<void> {
  await sql`
    UPDATE app_user SET last_seen_at = ${now.toISOString()}
    WHERE id = ${userId} AND (last_seen_at IS NULL OR last_seen_at < ${now.toISOString()}::timestamptz - INTERVAL '1 hour')`
}
