import type { Page } from '../page.ts'
import { retryWrite } from './archived-places.ts'
import type { Sql } from './client.ts'
import { encodePage } from './page-encoding.ts'

/** What a page came to for one of its accounts. `stale`: a newer version, or what replaced the row, was known. */
export interface IngestedAccount {
  accountId: string
  externalId: string
  added: number
  changed: number
  unchanged: number
  removed: number
  stale: number
}

/**
 * Writes one page of a source, whole or not at all, and settles openings, revaluations and reconciliation. One
 * statement, idempotent: after a lost answer it can be sent again. Throws the server's error; a page that does not
 * fit its types (an unknown account, a day that is none) is a defect of the connector.
 */
export function ingestPage(sql: Sql, sourceId: string, page: Page, now: Date): Promise<IngestedAccount[]> {
  return ingestEncodedPage(sql, sourceId, encodePage(sourceId, page), now)
}

export async function ingestEncodedPage(
  sql: Sql,
  sourceId: string,
  encodedPage: string,
  now: Date,
): Promise<IngestedAccount[]> {
  const rows = await retryWrite(
    sql,
    // By way of text: the driver would encode a parameter of type jsonb as JSON once more.
    () => sql`SELECT * FROM ingest_page(${sourceId}, ${encodedPage}::text::jsonb, ${now.toISOString()})`,
  )
  return rows.map((row) => ({
    accountId: row.account_id as string,
    externalId: row.external_id as string,
    added: Number(row.added),
    changed: Number(row.changed),
    unchanged: Number(row.unchanged),
    removed: Number(row.removed),
    stale: Number(row.stale),
  }))
}
