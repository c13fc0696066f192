import { instantOf, retryOnContention, type Sql } from './client.ts'
import { type Completion, finishing } from './idempotency.ts'
import { type Reach, within } from './owner.ts'
import type { FetchRequest } from './sync-pages.ts'

export interface DeadLetter {
  id: string
  sourceId: string
  connector: string
  sourceName: string
  /** Null on a platform-wide connection. */
  email: string | null
  kind: 'fetch' | 'record'
  request: FetchRequest
  code: string
  error: string
  attempts: number
  status: 'open' | 'queued' | 'resolved' | 'discarded'
  createdAt: Date
  updatedAt: Date
}

export interface DeadLetterFilter {
  /** Those of one user's sources. */
  userId?: string | undefined
  sourceId?: string | undefined
  ids?: string[] | undefined
  /** Without it, those that are open or queued. */
  status?: DeadLetter['status'] | undefined
}

/** Newest first, at most `limit`. */
export async function listDeadLetters(
  sql: Sql,
  filter: DeadLetterFilter = {},
  limit = 1000,
): Promise<DeadLetter[]> {
  const rows = await sql`
    SELECT d.*, s.source_type_id, s.name, u.email
    FROM dead_letter d
    JOIN user_source s ON s.id = d.source_id
    LEFT JOIN app_user u ON u.id = s.user_id
    WHERE ${matching(sql, filter)}
      AND d.status = ANY (${filter.status ? [filter.status] : ['open', 'queued']}::text[])
    ORDER BY d.updated_at DESC, d.id DESC
    LIMIT ${limit}`
  return rows.map(letterOf)
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
function letterOf(row: any): DeadLetter {
  return {
    id: row.id,
    sourceId: row.source_id,
    connector: row.source_type_id,
    sourceName: row.name,
    email: row.email,
    kind: row.kind,
    request: row.request,
    code: row.code,
    error: row.error,
    attempts: row.attempts,
    status: row.status,
    createdAt: instantOf(row.created_at),
    updatedAt: instantOf(row.updated_at),
  }
}

export interface DeadLetterPage {
  id?: string | undefined
  sourceId?: string | undefined
  /** Without it, those that are open or queued; `any` for all. */
  status?: DeadLetter['status'] | 'any' | undefined
  /** Those that are older than this one, by id. */
  before?: string | undefined
  limit: number
}

/** Those of the sources within reach, in the order in which they were opened, newest first. */
export async function pageDeadLetters(
  sql: Sql,
  reach: Reach,
  { id, sourceId, status, before, limit }: DeadLetterPage,
): Promise<DeadLetter[]> {
  // Only what is asked for, so that the planner sees which index serves it.
  const conditions = [
    within(sql, reach),
    sourceId === undefined ? sql`true` : sql`s.id = ${sourceId}`,
    id === undefined ? sql`true` : sql`d.id = ${id}`,
    before === undefined ? sql`true` : sql`d.id < ${before}`,
    status === 'any' ? sql`true` : ofStatus(sql, status),
  ]
  const rows = await sql`
    SELECT d.*, s.source_type_id, s.name, NULL AS email
    FROM user_source s JOIN dead_letter d ON d.source_id = s.id
    WHERE s.status <> 'removed' AND ${conditions.reduce((all, each) => sql`${all} AND ${each}`)}
    ORDER BY d.id DESC
    LIMIT ${limit}`
  return rows.map(letterOf)
}

/**
 * Runs one letter of a source within reach again, or closes it, together with the answer of the request that asked for
 * it. Returns the status that it had, undefined where there is no such letter: only from
 * `open` and `queued` anything is done. See sql/functions/0027_dead_letters.sql.
 */
export async function settleDeadLetter(
  sql: Sql,
  action: 'retry' | 'discard',
  { reach, id }: { reach: Reach; id: string },
  now: Date,
  completion: Completion | undefined,
): Promise<DeadLetter['status'] | undefined> {
  const at = now.toISOString()
  const whose = reach === 'everyone' ? sql`p_everyone => true` : sql`p_user_id => ${reach.userId}::bigint`
  const settled =
    action === 'retry'
      ? sql`retry_dead_letter(${id}, ${at}, ${whose})`
      : sql`discard_dead_letter(${id}, ${at}, ${whose})`
  const [row] = await retryOnContention(
    () => sql`
      SELECT status, CASE WHEN status IN ('open', 'queued') THEN ${finishing(sql, completion)} END AS finished
      FROM ${settled} AS status`,
  )
  return row!.status ?? undefined
}

/**
 * Queues letters to be run again, and makes their sources due for it; returns how many. A failed fetch of the head is
 * run again by the head itself, which goes on from where it stands. Letters of sources that wait for their owner stay
 * queued until the source is active again.
 */
export async function retryDeadLetters(sql: Sql, filter: DeadLetterFilter, now: Date): Promise<number> {
  const [row] = await sql`
    WITH queued AS (
      UPDATE dead_letter d SET status = 'queued', updated_at = ${now.toISOString()}
      FROM user_source s
      WHERE s.id = d.source_id AND d.status = 'open' AND ${matching(sql, filter)}
      RETURNING d.source_id, ${isOfHead(sql)} AS of_head
    ), due AS (
      UPDATE user_source u
      SET backfill_at = CASE WHEN q.others THEN least(u.backfill_at, ${now.toISOString()}::timestamptz) ELSE u.backfill_at END,
        next_sync_at = CASE WHEN q.of_head THEN ${now.toISOString()}::timestamptz ELSE u.next_sync_at END,
        lane = CASE WHEN q.of_head THEN 0 ELSE u.lane END
      FROM (
        SELECT source_id, bool_or(of_head) AS of_head, bool_or(NOT of_head) AS others FROM queued GROUP BY source_id
      ) AS q
      WHERE u.id = q.source_id
    )
    SELECT count(*)::int AS count FROM queued`
  return row!.count
}

/** Closes letters without running them again; returns how many. */
export async function discardDeadLetters(sql: Sql, filter: DeadLetterFilter, now: Date): Promise<number> {
  const rows = await sql`
    UPDATE dead_letter d SET status = 'discarded', updated_at = ${now.toISOString()}
    FROM user_source s
    WHERE s.id = d.source_id AND d.status IN ('open', 'queued') AND ${matching(sql, filter)}
    RETURNING d.id`
  return rows.length
}

/** The letters of a source that are to be run again beside its head, oldest first. */
export async function queuedDeadLetters(sql: Sql, sourceId: string): Promise<DeadLetter[]> {
  const letters = await listDeadLetters(sql, { sourceId, status: 'queued' })
  return letters
    .filter((letter) => letter.kind === 'record' || letter.request.mode === 'backfill')
    .toReversed()
}

function ofStatus(sql: Sql, status: DeadLetter['status'] | undefined) {
  if (status === 'open') return sql`d.status = 'open'`
  if (status === 'queued') return sql`d.status = 'queued'`
  if (status === 'resolved') return sql`d.status = 'resolved'`
  if (status === 'discarded') return sql`d.status = 'discarded'`
  return sql`d.status IN ('open', 'queued')`
}

/** A failed fetch of the head, which the head itself makes good. */
export function isOfHead(sql: Sql) {
  return sql`(d.kind = 'fetch' AND d.request->>'mode' <> 'backfill')`
}

function matching(sql: Sql, { userId, sourceId, ids }: DeadLetterFilter) {
  return sql`(${userId ?? null}::bigint IS NULL OR s.user_id = ${userId ?? null})
    AND (${sourceId ?? null}::bigint IS NULL OR d.source_id = ${sourceId ?? null})
    AND (${ids ?? null}::bigint[] IS NULL OR d.id = ANY (${ids ?? null}::bigint[]))`
}
