import { instantOf, type Sql } from './client.ts'

/**
 * Milliseconds by which a clock, as it was when this was called, is ahead of the database's, or, negative, behind it: what
 * cannot be explained by the time that the question took. That is told by a clock that is never set.
 */
export async function readClockDifference(sql: Sql, clock: () => Date): Promise<number> {
  const earliest = clock().getTime()
  const asked = performance.now()
  const [row] = await sql`SELECT clock_timestamp() AS now`
  const latest = earliest + performance.now() - asked
  const now = instantOf(row!.now).getTime()
  if (earliest > now) return earliest - now
  return latest < now ? latest - now : 0
}
