import type { Sql } from '../../src/db/client.ts'

/** As if the minute had passed for which a worker has a source: what it writes from now on is refused. */
export async function endLeases(sql: Sql): Promise<void> {
  await sql`UPDATE user_source SET lease_until = now() WHERE lease_until > now()`
}
