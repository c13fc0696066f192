import { retryWrite } from './archived-places.ts'
import type { Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'
import { type Transaction, toTransaction, transactionColumns } from './transactions.ts'

/** What a user says of a transaction. What is undefined stays, null clears. */
export interface AnnotationChange {
  category?: string | null | undefined
  note?: string | null | undefined
  tags?: string[] | null | undefined
  transfer?: boolean | null | undefined
  excluded?: boolean | null | undefined
}

/** The transaction with what is said of it now. Undefined where the user has none of that id. */
export async function annotateTransaction(
  sql: Sql,
  userId: string,
  transactionId: string,
  change: AnnotationChange,
  now: Date,
): Promise<Transaction | undefined> {
  const [row] = await retryWrite(
    sql,
    () => sql`
      SELECT ${transactionColumns(sql)}
      FROM annotate_transaction(${userId}, ${transactionId}, ${jsonbText(change)}::text::jsonb, ${now.toISOString()})`,
  )
  return row && toTransaction(row)
}
