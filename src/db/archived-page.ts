import type { ArchivedTransaction } from '../archived-transaction.ts'
import { lastDay } from '../calendar.ts'
import { type ArchivePart, toArchivePart, unlessChanged } from './archive-detail.ts'
import { archivedRows } from './archive-rows.ts'
import type { Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'
import type { TransactionFilter, TransactionPageQuery } from './transaction-pages.ts'
import { type Transaction, toTransaction, transactionColumns } from './transactions.ts'

export interface ArchivedParts {
  parts: ArchivePart[]
  /** Those that the caller sees, of what the filter names. */
  accountIds: string[]
}

/** Where the detail lies of the newest archived month until `until` that the query concerns; none where there is none. */
export async function newestArchivedParts(
  sql: Sql,
  { userId, filter }: Pick<TransactionPageQuery, 'userId' | 'filter'>,
  until: string,
): Promise<ArchivedParts> {
  const rows = await sql`
    SELECT user_id, month, file_id, transactions, key, bytes, encode(sha256, 'hex') AS sha256,
      visible_account_ids::text[] AS account_ids
    FROM newest_archived_parts(${userId}, ${jsonbText(filter)}::text::jsonb, ${until})`
  return { parts: rows.map(toArchivePart), accountIds: rows[0]?.account_ids ?? [] }
}

/** Whether anything that the filter names may lie in the archive. */
export async function reachesArchive(
  sql: Sql,
  query: Pick<TransactionPageQuery, 'userId' | 'filter'>,
): Promise<boolean> {
  const { parts } = await newestArchivedParts(sql, query, query.filter.to ?? lastDay)
  return parts.length > 0
}

/**
 * Of which transactions these users said something, where the filter asks for that. What lies in the archive is not
 * annotated there: it comes back first.
 */
export async function annotatedIds(
  sql: Sql,
  { category, tag, text }: TransactionFilter,
  userIds: readonly string[],
): Promise<Set<string>> {
  if (category === undefined && tag === undefined && text === undefined) return new Set()
  const rows = await sql<{ id: string }[]>`
    SELECT transaction_id AS id FROM transaction_annotation WHERE user_id = ANY (${userIds}::bigint[])`
  return new Set(rows.map(({ id }) => id))
}

/**
 * Those between both days, `rows` among them, which lie in `parts` and are all of the query's that the archive has.
 * Undefined where it has others by now, or the caller sees other accounts.
 */
export async function readArchivedPage(
  sql: Sql,
  { userId, filter, after, limit }: Omit<TransactionPageQuery, 'today'>,
  { from, to }: { from: string; to: string },
  { parts, accountIds, rows: archived }: ArchivedParts & { rows: readonly ArchivedTransaction[] },
): Promise<Transaction[] | undefined> {
  const fileIds = [...new Set(parts.map(({ fileId }) => fileId))].sort((a, b) =>
    Number(BigInt(a) - BigInt(b)),
  )
  let rows: Transaction[] | undefined
  const read = await unlessChanged(async () => {
    const found = await sql`
      SELECT ${transactionColumns(sql)}
      FROM archived_page(${userId}, ${jsonbText(filter)}::text::jsonb, ${jsonbText(after ?? {})}::text::jsonb,
        ${limit}, ${from}, ${to}, ${fileIds}::bigint[],
        ${accountIds}::bigint[], ${archivedRows(sql, archived)})`
    rows = found.map(toTransaction)
  })
  return read ? rows : undefined
}

/** Archived months in which a transaction of that id may lie, of users of whom the caller may see something. */
export async function monthsWithId(sql: Sql, callerId: string, id: string): Promise<string[]> {
  const rows = await sql<{ month: string }[]>`
    SELECT DISTINCT p.month
    FROM (
      SELECT array_agg(user_id) AS user_ids, array_agg(${id}::uuid) AS ids
      FROM (SELECT DISTINCT user_id FROM visible_account(${callerId})) AS u
    ) AS v
    JOIN archived_places(v.user_ids, v.ids) AS p ON true`
  return rows.map(({ month }) => month)
}
