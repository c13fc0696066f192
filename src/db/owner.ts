import type { Sql } from './client.ts'

/** Whose a source is: a user's, by their id, or null where it is a platform-wide connection. */
export type Owner = string | null

/** The condition that a source `s` is the owner's. */
export function ownedBy(sql: Sql, owner: Owner) {
  return owner === null ? sql`s.user_id IS NULL` : sql`s.user_id = ${owner}`
}
