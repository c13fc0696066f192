import type { TransactionStatus } from '../page.ts'
import type { Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'
import { type Transaction, toTransaction, transactionColumns } from './transactions.ts'

/** Which transactions; what is undefined leaves out none. Amounts are decimal strings, with their signs. */
export interface TransactionFilter {
  id?: string | undefined
  accountId?: string | undefined
  /** The first and the last reporting day. */
  from?: string | undefined
  to?: string | undefined
  /** In upper or lower case. */
  asset?: string | undefined
  kind?: string | undefined
  status?: TransactionStatus | undefined
  min?: string | undefined
  max?: string | undefined
  /** The one that is listed: the user's own, else the provider's. */
  category?: string | undefined
  tag?: string | undefined
  /** Literally, in upper or lower case, in descriptions, counterparties, notes and categories. */
  text?: string | undefined
}

/** The place of a transaction in the order of the list, to which a page goes on from. */
export interface TransactionPlace {
  bookedOn: string
  occurredAt: string | null
  id: string
}

export interface TransactionPage {
  /** Newest first: by reporting day, then instant, those without one last, then id. */
  transactions: Transaction[]
  /** The last one's place, where more follow. */
  next: TransactionPlace | undefined
  /** What follows reaches into the archive, and is not in the page: see src/archive/transaction-pages.ts. */
  archived: boolean
}

export interface TransactionPageQuery {
  /** Whose accounts, and what others let this user see. */
  userId: string
  filter: TransactionFilter
  /** Those behind this place. */
  after?: TransactionPlace | undefined
  limit: number
  /** The day around which most of what is asked for lies; the answer is the same on any. */
  today: string
}

/**
 * A page of the transactions that a user may see. What is there all the while is in one page and one page only, whatever
 * comes, changes or goes between two of them: a page starts behind a place, not at a number.
 */
export async function readTransactionPage(
  sql: Sql,
  { userId, filter, after, limit, today }: TransactionPageQuery,
): Promise<TransactionPage> {
  const rows = await sql`
    SELECT ${transactionColumns(sql)}
    FROM transaction_page(${userId}, ${jsonbText(filter)}::text::jsonb,
      ${jsonbText(after ?? {})}::text::jsonb, ${limit + 1}, ${today})`
  const archived = rows.at(-1)?.id === null
  if (archived) rows.pop()
  return { ...pageOf(rows.map(toTransaction), limit), archived }
}

/** The first `limit` of them; one more says that more follow. */
export function pageOf(found: Transaction[], limit: number): Omit<TransactionPage, 'archived'> {
  const last = found.length > limit ? found[limit - 1] : undefined
  return {
    transactions: found.slice(0, limit),
    next: last && placeOf(last),
  }
}

export function placeOf({ date, time, id }: Transaction): TransactionPlace {
  return { bookedOn: date, occurredAt: time, id }
}
