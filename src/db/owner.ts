import type { Sql } from './client.ts'

/** Whose a source is: a user's, by their id, or null where it is a platform-wide connection. */
export type Owner = string | null

/** The condition that a source `s` is the owner's. */
export function ownedBy(sql: Sql, owner: Owner) {
  return owner === null ? sql`s.user_id IS NULL` : sql`s.user_id = ${owner}`
}

/**
 * Whose rows a caller may reach who operates the installation, or has their own: what is forgotten here, and so is null
 * or undefined, reaches nobody's.
 */
export type Reach = { userId: string } | 'everyone'

/** The condition that a source `s` is within reach. */
export function within(sql: Sql, reach: Reach) {
  return reach === 'everyone' ? sql`true` : sql`s.user_id = ${reach.userId}`
}
