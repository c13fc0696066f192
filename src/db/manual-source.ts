import type { Page } from '../page.ts'
import { retryWrite } from './archived-places.ts'
import type { Sql } from './client.ts'
import { type Completion, finishing } from './idempotency.ts'
import { jsonbText } from './jsonb-text.ts'
import { encodePage } from './page-encoding.ts'

/** The type of source whose accounts are entered by hand. Nothing syncs it: it is never due. */
export const manualType = 'manual'

/** The source of the accounts that a user keeps by hand; made when it is first needed. */
export async function manualSource(sql: Sql, userId: string): Promise<string> {
  await sql`INSERT INTO source_type (id, title) VALUES (${manualType}, 'Entered by hand') ON CONFLICT DO NOTHING`
  await sql`
    INSERT INTO user_source (user_id, source_type_id, name) VALUES (${userId}, ${manualType}, 'manual')
    ON CONFLICT ON CONSTRAINT user_source_name DO NOTHING`
  const [source] = await sql<{ id: string }[]>`
    SELECT id FROM user_source WHERE user_id = ${userId} AND source_type_id = ${manualType} AND name = 'manual'`
  return source!.id
}

export interface EntryByHand {
  userId: string
  account: { id: string; sourceId: string }
  page: Page
  /** What the user says of a transaction of the page besides. */
  annotation?: { id: string; note: string | null; tags: string[] }
  completion?: Completion | undefined
}

/**
 * Ingests a page of one account in its user's name, together with the answer of the request that asked for it: one
 * statement. False where the account is gone by now; then nothing is done.
 */
export async function ingestByHand(
  sql: Sql,
  { userId, account, page, annotation, completion }: EntryByHand,
  now: Date,
): Promise<boolean> {
  const encoded = encodePage(account.sourceId, page)
  const [row] = await retryWrite(
    sql,
    () => sql<{ entered: boolean }[]>`
      SELECT CASE
        WHEN ingest_by_hand(${userId}, ${account.id}, ${encoded}::text::jsonb,
          ${jsonbText(annotation ?? {})}::text::jsonb, ${now.toISOString()})
        THEN ${finishing(sql, completion)}
        ELSE false
      END AS entered`,
  )
  return row!.entered
}
