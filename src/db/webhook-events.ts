import type { Sql } from './client.ts'

/** What a verified notification says of one connection. */
export interface Hint {
  eventId: string
  /** The provider's identity of the connection. */
  connection: string
  kind: 'sync' | 'reauth' | 'revoked'
}

/** Days for which an event is remembered: no provider sends one again after so long. */
const rememberedDays = 14

/** Acts on each event once; returns how many were new, and how many sources they changed. */
export async function acceptHints(
  sql: Sql,
  connector: string,
  hints: Hint[],
  now: Date,
): Promise<{ events: number; sources: number }> {
  const [row] = await sql`
    SELECT * FROM accept_hints(${connector}, ${JSON.stringify(hints)}::text::jsonb, ${now.toISOString()})`
  return { events: Number(row!.events), sources: Number(row!.sources) }
}

/** Forgets events that will not come again. */
export async function forgetEvents(sql: Sql, now: Date): Promise<number> {
  const forgotten = await sql`
    DELETE FROM webhook_event
    WHERE received_at < ${now.toISOString()}::timestamptz - ${`${rememberedDays} days`}::interval`
  return forgotten.count
}
