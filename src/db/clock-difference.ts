import { instantOf, type Sql } from './client.ts'

/**
 * Milliseconds by which a clock is ahead of the database's, or, negative, behind it: what cannot be explained by the time
 * that the question took.
 */
export async function readClockDifference(sql: Sql, clock: () => Date): Promise<number> {
  const before = clock().getTime()
  const [row] = await sql`SELECT clock_timestamp() AS now`
  const after = clock().getTime()
  const now = instantOf(row!.now).getTime()
  if (before > now) return before - now
  return after < now ? after - now : 0
}
