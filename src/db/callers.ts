import { createBatch } from './batch.ts'
import { instantOrNull, type Sql } from './client.ts'

/** Who shows a token or a key, and what their reads depend on, as of a moment after they asked. */
export interface KnownUser {
  userId: string
  email: string | null
  timeZone: string
  baseCurrency: string
  lastSeenAt: Date | null
  /** See sql/functions/0014_versions.sql. */
  version: string
}

export interface KnownKey {
  keyId: string
  scopes: string[]
  /** Null for a key of a service. */
  user: KnownUser | null
}

export interface Callers {
  /** Undefined where the log-in is not of that user, was ended, or has expired. */
  bySession(sessionId: string, userId: string): Promise<KnownUser | undefined>
  /** `hash`: SHA-256 of the key, in hex. Undefined where there is none, or it was revoked or has expired. */
  byKey(hash: string): Promise<KnownKey | undefined>
}

/** Every request asks; those that come at the same time are one query. */
export function createCallers(sql: Sql, clock: () => Date): Callers {
  const sessions = createBatch<string, KnownUser>(async (ids) => {
    const rows = await sql`
      SELECT s.id, s.user_id, u.email, u.time_zone, u.base_currency, u.last_seen_at, read_version(s.user_id) AS version
      FROM session s JOIN app_user u ON u.id = s.user_id
      WHERE s.id = ANY (${ids}::uuid[]) AND s.revoked_at IS NULL AND s.expires_at > ${clock().toISOString()}`
    return new Map(rows.map((row) => [row.id as string, userOf(row)]))
  })
  const keys = createBatch<string, KnownKey>(async (hashes) => {
    const rows = await sql`
      SELECT encode(k.hash, 'hex') AS hash, k.id, k.scopes, k.user_id, u.email, u.time_zone, u.base_currency,
        u.last_seen_at, read_version(k.user_id) AS version
      FROM api_key k LEFT JOIN app_user u ON u.id = k.user_id
      WHERE k.hash = ANY (ARRAY(SELECT decode(h, 'hex') FROM unnest(${hashes}::text[]) AS h))
        AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ${clock().toISOString()})`
    return new Map(
      rows.map((row) => [
        row.hash as string,
        { keyId: row.id, scopes: row.scopes, user: row.user_id === null ? null : userOf(row) },
      ]),
    )
  })
  return {
    async bySession(sessionId, userId) {
      const found = await sessions(sessionId)
      return found?.userId === userId ? found : undefined
    },
    byKey: keys,
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
function userOf(row: any): KnownUser {
  return {
    userId: row.user_id,
    email: row.email,
    timeZone: row.time_zone,
    baseCurrency: row.base_currency,
    lastSeenAt: instantOrNull(row.last_seen_at),
    version: row.version,
  }
}

/** The versions of what users' reads are made of, as this server knows them. */
export async function readVersions(sql: Sql, userIds: string[]): Promise<Map<string, string>> {
  const rows = await sql`SELECT u AS id, read_version(u) AS version FROM unnest(${userIds}::bigint[]) AS u`
  return new Map(rows.map((row) => [row.id as string, row.version as string]))
}
