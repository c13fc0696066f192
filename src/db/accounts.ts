import type { Sql } from './client.ts'

/** Whether the caller may see an account of that id. */
export async function hasAccount(sql: Sql, callerId: string, accountId: string): Promise<boolean> {
  const found = await sql`SELECT 1 FROM visible_account(${callerId}) WHERE account_id = ${accountId}`
  return found.length > 0
}
