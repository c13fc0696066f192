import { ConflictError, NotFoundError } from '../errors.ts'
import type { Keyring } from '../keyring.ts'
import type { Claim } from './claims.ts'
import { instantOrNull, type Sql, sqlState } from './client.ts'
import { credentialsIdentity, writeCredentials } from './credentials.ts'
import { isOfHead } from './dead-letters.ts'
import { type Completion, finishing } from './idempotency.ts'
import { type Owner, ownedBy } from './owner.ts'
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
  /** A worker has it. */
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
  /** Of the request that adds it, once its id and its name are known: kept by the same statement. */
  completion?: ((added: { id: string; name: string }) => Completion | undefined) | undefined
}

/** Adds a connection, due at once. Throws a ConflictError where its owner has one of that name already. */
export async function addSource(sql: Sql, keyring: Keyring, source: NewSource, now: Date): Promise<string> {
  const added = await insertSource(sql, keyring, source, [source.name], now)
  if (!added) throw nameIsTaken(source.name)
  return added.id
}

/** Adds a connection, due at once, by the first of "Bank", "Bank 2", "Bank 3" … that its owner has none of. */
export async function addNumberedSource(
  sql: Sql,
  keyring: Keyring,
  source: NewSource,
  now: Date,
): Promise<{ id: string; name: string }> {
  function* names() {
    yield source.name
    for (let number = 2; ; number++) yield `${source.name} ${number}`
  }
  return (await insertSource(sql, keyring, source, names(), now))!
}

/** Throws a ConflictError where there is a source of that name, so that nothing is asked of the provider in vain. */
export async function refuseTakenName(
  sql: Sql,
  { connector, userId, name }: { connector: { id: string }; userId: Owner; name: string },
): Promise<void> {
  const taken = await sql`
    SELECT 1 FROM user_source s
    WHERE ${ownedBy(sql, userId)} AND s.source_type_id = ${connector.id} AND s.name = ${name}`
  if (taken.length > 0) throw nameIsTaken(name)
}

export function nameIsTaken(name: string): ConflictError {
  return new ConflictError(`there is a source "${name}" of this type already`)
}

/** Under the first of the names that is free, whoever else adds one at the same time; undefined where none is. */
async function insertSource(
  sql: Sql,
  keyring: Keyring,
  { connector, userId, config, credentials, externalId, completion }: NewSource,
  names: Iterable<string>,
  now: Date,
): Promise<{ id: string; name: string } | undefined> {
  // Credentials are sealed for their row, whose id is therefore known before it is there: it is whole at once.
  const [next] = await sql<{ id: string }[]>`
    SELECT nextval(pg_get_serial_sequence('user_source', 'id')) AS id`
  const { id } = next!
  const identity = credentialsIdentity(id)
  const sealed = credentials === undefined ? null : keyring.seal(credentials, identity)
  for (const name of names) {
    const made = await sql`
      WITH type AS (
        INSERT INTO source_type AS t (id, title) VALUES (${connector.id}, ${connector.title})
        ON CONFLICT (id) DO UPDATE SET title = excluded.title WHERE t.title <> excluded.title
      ), made AS (
        INSERT INTO user_source (
          id, user_id, source_type_id, name, external_id, config, credentials, next_sync_at, lane, created_at
        )
        OVERRIDING SYSTEM VALUE
        VALUES (${id}, ${userId}, ${connector.id}, ${name}, ${externalId ?? null},
          ${JSON.stringify(config)}::text::jsonb, ${sealed}, ${now.toISOString()}, 0, ${now.toISOString()})
        ON CONFLICT ON CONSTRAINT user_source_name DO NOTHING
        RETURNING id
      )
      SELECT id, ${finishing(sql, completion?.({ id, name }))} AS finished FROM made`
    if (made.length === 0) continue
    // A rotation that began in between may not have seen the row.
    if (credentials !== undefined && sealed !== null && keyring.rewrap(sealed, identity) !== undefined)
      await writeCredentials(sql, keyring, id, credentials)
    return { id, name }
  }
  return undefined
}

/**
 * Gives a source other credentials, another configuration, or both, and lets it go on with them at once. What runs
 * with those before loses its lease. `owner`: whose it has to be; anybody's without it.
 */
export async function reconnectSource(
  sql: Sql,
  keyring: Keyring,
  sourceId: string,
  { config, credentials }: { config?: object; credentials?: object | undefined },
  now: Date,
  owner?: Owner,
): Promise<void> {
  const identity = credentialsIdentity(sourceId)
  const sealed = credentials && keyring.seal(credentials, identity)
  await changeSource(sql, sourceId, owner, { config, sealed, status: 'active' }, now)
  // A rotation that began in between may not have seen the row.
  if (credentials !== undefined && keyring.rewrap(sealed!, identity) !== undefined)
    await writeCredentials(sql, keyring, sourceId, credentials)
}

/**
 * Pauses a source, or lets it go on; `message` says why. What it waits for begins at once. A sync that runs loses its
 * lease: how that ends says nothing of the source as it is now.
 */
export function setSourceStatus(
  sql: Sql,
  sourceId: string,
  status: 'active' | 'paused',
  now: Date,
  message: string | null = null,
): Promise<void> {
  return changeSource(sql, sourceId, undefined, { status, message }, now)
}

export interface SourceChange {
  name?: string | undefined
  config?: object | undefined
  /** Credentials, sealed for the source. */
  sealed?: Uint8Array | undefined
  status?: 'active' | 'paused' | undefined
  /** Why it has the status. */
  message?: string | null
}

/**
 * Changes what its owner decides of a source, in one statement. Throws a NotFoundError where there is no such source or
 * it is not the owner's (anybody's without one), and a ConflictError where the name is taken.
 */
export async function changeSource(
  sql: Sql,
  sourceId: string,
  owner: Owner | undefined,
  { name, config, sealed, status, message = null }: SourceChange,
  now: Date,
): Promise<void> {
  const at = now.toISOString()
  const goingOn =
    status === undefined
      ? sql``
      : sql`, status = ${status}, status_message = ${message}, attempts = 0, backfill_attempts = 0,
          lease_token = NULL, lease_until = NULL, running_lane = NULL,
          next_sync_at = CASE WHEN ${status} = 'active' THEN ${at}::timestamptz ELSE s.next_sync_at END,
          backfill_at = CASE WHEN ${status} = 'active' AND (
              s.backfill_from IS NOT NULL
              OR EXISTS (SELECT 1 FROM dead_letter d WHERE d.source_id = s.id AND d.status = 'queued')
            ) THEN ${at}::timestamptz ELSE s.backfill_at END`
  const changed = await sql`
    WITH changed AS (
      UPDATE user_source s SET name = coalesce(${name ?? null}, s.name),
        config = coalesce(${config === undefined ? null : JSON.stringify(config)}::text::jsonb, s.config),
        credentials = coalesce(${sealed ?? null}, s.credentials)
        ${goingOn}
      WHERE ${owner === undefined ? sql`true` : ownedBy(sql, owner)} AND s.id = ${sourceId} AND s.status <> 'removed'
      RETURNING s.id
    )
    SELECT id, CASE WHEN ${name ?? null}::text IS NOT NULL THEN mark_source_changed(id) END AS marked FROM changed`.catch(
    (error: unknown) => {
      if (name !== undefined && (error as { code?: unknown }).code === sqlState.uniqueViolation)
        throw nameIsTaken(name)
      throw error
    },
  )
  if (changed.length === 0) throw new NotFoundError('there is no such source')
}

export interface SourceFilter {
  userId?: string | undefined
  sourceId?: string | undefined
  /** A worker whose lease has ended by then has died; without it, whoever has a lease counts as running. */
  now?: Date | undefined
}

/** Sources that connectors sync, oldest first; those through which files are imported are none. */
export async function listSources(sql: Sql, { userId, sourceId, now }: SourceFilter = {}): Promise<Source[]> {
  const at = now?.toISOString() ?? null
  const rows = await sql`
    SELECT s.id, s.source_type_id, s.name, s.config, s.external_id, s.user_id, u.email, s.status, s.status_message, s.last_sync_time,
      s.next_sync_at, s.running_lane IS NOT NULL
        AND (${at}::timestamptz IS NULL OR s.lease_until > ${at}) AS running, s.backfill_from, s.backfill_to
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
