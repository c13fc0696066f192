import { retryOnContention, type Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'

/** What a user says of a transaction. What is undefined stays, null clears. */
export interface AnnotationChange {
  category?: string | null | undefined
  note?: string | null | undefined
  tags?: string[] | null | undefined
  transfer?: boolean | null | undefined
  excluded?: boolean | null | undefined
}

/** False where the user has no such transaction. */
export async function annotateTransaction(
  sql: Sql,
  userId: string,
  transactionId: string,
  change: AnnotationChange,
  now: Date,
): Promise<boolean> {
  const [row] = await retryOnContention(
    () => sql<{ annotated: boolean }[]>`
      SELECT annotate_transaction(${userId}, ${transactionId}, ${jsonbText(change)}::text::jsonb,
        ${now.toISOString()}) AS annotated`,
  )
  return row!.annotated
}
