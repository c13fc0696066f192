import { instantOf, type Sql } from './client.ts'

/** 0: somebody waits for it; 1: what is new, at its time; 2: history, and dead letters that are run again. */
export type Lane = 0 | 1 | 2

/** The right to write for a source, until it ends or is given back. */
export interface Claim {
  sourceId: string
  connector: string
  /** Null on a platform-wide connection. */
  userId: string | null
  lane: Lane
  leaseToken: string
  dueAt: Date
}

export interface Wanted {
  connector: string
  /** How many sources whose head is due. */
  most: number
  /** How many beside them whose backfill goes on. */
  mostBackfill: number
  /** How many of both. */
  cap: number
}

/** Sources that are due, at most `total`, each claimed by nobody else for `leaseSeconds`. */
export async function claimSources(
  sql: Sql,
  wanted: Wanted[],
  total: number,
  now: Date,
  leaseSeconds: number,
): Promise<Claim[]> {
  const rows = await sql`
    SELECT * FROM claim_sources(
      ${wanted.map((each) => each.connector)}::text[], ${wanted.map((each) => each.most)}::int[],
      ${wanted.map((each) => each.mostBackfill)}::int[],
      ${wanted.map((each) => each.cap)}::int[], ${total}, ${now.toISOString()}, ${`${leaseSeconds} seconds`}::interval
    )`
  return rows
    .map((row) => ({
      sourceId: row.id as string,
      connector: row.connector as string,
      userId: row.user_id as string | null,
      lane: row.lane as Lane,
      leaseToken: row.lease_token as string,
      dueAt: instantOf(row.due_at),
    }))
    .toSorted((a, b) => a.lane - b.lane || a.dueAt.getTime() - b.dueAt.getTime())
}

/** Claims one source whatever its time, or null where it is with a worker, paused, or waits for its owner. */
export async function claimSource(
  sql: Sql,
  sourceId: string,
  lane: Lane,
  now: Date,
  leaseSeconds: number,
): Promise<Claim | null> {
  const [row] = await sql`
    UPDATE user_source SET lease_token = gen_random_uuid(), running_lane = ${lane},
      lease_until = ${now.toISOString()}::timestamptz + ${`${leaseSeconds} seconds`}::interval
    WHERE id = ${sourceId} AND status = 'active' AND (lease_until IS NULL OR lease_until <= ${now.toISOString()})
    RETURNING source_type_id, user_id, lease_token`
  if (!row) return null
  return {
    sourceId,
    connector: row.source_type_id,
    userId: row.user_id,
    lane,
    leaseToken: row.lease_token,
    dueAt: now,
  }
}

/** Leases that are still held go on; those that were lost stay so. */
export async function renewLeases(sql: Sql, claims: Claim[], now: Date, leaseSeconds: number): Promise<void> {
  await sql`
    UPDATE user_source u SET lease_until = ${now.toISOString()}::timestamptz + ${`${leaseSeconds} seconds`}::interval
    FROM unnest(${claims.map(({ sourceId }) => sourceId)}::bigint[], ${claims.map(({ leaseToken }) => leaseToken)}::uuid[])
      AS c (id, token)
    WHERE u.id = c.id AND u.lease_token = c.token AND u.lease_until > ${now.toISOString()}`
}
