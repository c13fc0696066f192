import { instantOf, instantOrNull, type Sql } from './client.ts'
import { type Completion, finishing } from './idempotency.ts'

/** Of a user, at a time. */
export const mostApiKeys = 100

export interface ApiKey {
  id: string
  name: string
  scopes: string[]
  /** How the key begins. */
  hint: string
  createdAt: Date
  expiresAt: Date | null
}

export interface NewApiKey extends ApiKey {
  /** Null for a key of a service. */
  userId: string | null
  /** SHA-256 of the whole key. */
  hash: Uint8Array
}

/** The id of a key that is about to be added. */
export async function nextApiKeyId(sql: Sql): Promise<string> {
  const [next] = await sql<{ id: string }[]>`SELECT nextval(pg_get_serial_sequence('api_key', 'id')) AS id`
  return next!.id
}

/** False where the user has as many live keys as one may have: then nothing is written. */
export async function addApiKey(sql: Sql, key: NewApiKey, completion?: Completion): Promise<boolean> {
  const added = await sql`
    SELECT id, ${finishing(sql, completion)} AS kept
    FROM add_api_key(${key.id}, ${key.userId}, ${key.name}, ${key.hash}, ${key.hint}, ${key.scopes}::text[],
      ${key.createdAt.toISOString()}, ${key.expiresAt?.toISOString() ?? null}, ${mostApiKeys}) AS id`
  return added.length === 1
}

/** Keys that are good for something, of a user; newest first. */
export async function listApiKeys(sql: Sql, userId: string, now: Date): Promise<ApiKey[]> {
  const rows = await sql`
    SELECT id, name, scopes, hint, created_at, expires_at FROM api_key
    WHERE user_id = ${userId} AND ${isLive(sql, now)} ORDER BY id DESC`
  return rows.map(apiKeyOf)
}

/** Everybody's, and those of services, whose email is null; or those of one user alone. Newest first. */
export async function listAllApiKeys(
  sql: Sql,
  userId: string | undefined,
  now: Date,
): Promise<(ApiKey & { email: string | null })[]> {
  const rows = await sql`
    SELECT k.id, k.name, k.scopes, k.hint, k.created_at, k.expires_at, u.email
    FROM api_key k LEFT JOIN app_user u ON u.id = k.user_id
    WHERE (${userId ?? null}::bigint IS NULL OR k.user_id = ${userId ?? null}) AND ${isLive(sql, now)}
    ORDER BY k.id DESC`
  return rows.map((row) => ({ ...apiKeyOf(row), email: row.email }))
}

/** False where the user has no such key, or has revoked it before. */
export async function revokeApiKey(sql: Sql, userId: string, id: string, now: Date): Promise<boolean> {
  const { count } = await sql`
    UPDATE api_key SET revoked_at = ${now.toISOString()}
    WHERE user_id = ${userId} AND id = ${id} AND ${isLive(sql, now)}`
  return count === 1
}

/** The same for whoever has it: for the operator. */
export async function revokeAnyApiKey(sql: Sql, id: string, now: Date): Promise<boolean> {
  const { count } = await sql`
    UPDATE api_key SET revoked_at = ${now.toISOString()} WHERE id = ${id} AND ${isLive(sql, now)}`
  return count === 1
}

function isLive(sql: Sql, now: Date) {
  return sql`revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${now.toISOString()})`
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
function apiKeyOf(row: any): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    hint: row.hint,
    createdAt: instantOf(row.created_at),
    expiresAt: instantOrNull(row.expires_at),
  }
}
