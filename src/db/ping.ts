import type { Sql } from './client.ts'

/** True where the database answers. */
export async function isAnswering(sql: Sql): Promise<boolean> {
  return sql`SELECT 1`.then(
    () => true,
    () => false,
  )
}
