import type { Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'

/** What a verified notification says of one connection. */
export interface Hint {
  eventId: string
  /** The provider's identity of the connection. */
  connection: string
  /** What sql/functions/0013_accept_hints.sql makes of each. */
  kind: 'sync' | 'reauth' | 'revoked' | 'repaired' | 'warning'
  /** Told to the owner in place of the sentence that stands for the kind. */
  message?: string
}

/** Acts on each event once; returns how many were new, and how many sources they changed. */
export async function acceptHints(
  sql: Sql,
  connector: string,
  hints: Hint[],
  now: Date,
): Promise<{ events: number; sources: number }> {
  const [row] = await sql`
    SELECT * FROM accept_hints(${connector}, ${jsonbText(hints)}::text::jsonb, ${now.toISOString()})`
  return { events: Number(row!.events), sources: Number(row!.sources) }
}

/** Forgets events of so many days ago: no provider sends one again after so long. */
export async function forgetEvents(sql: Sql, now: Date, keptDays: number): Promise<number> {
  const forgotten = await sql`
    DELETE FROM webhook_event
    WHERE received_at < ${now.toISOString()}::timestamptz - ${`${keptDays} days`}::interval`
  return forgotten.count
}
