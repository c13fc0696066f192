import type { ArchivedTransaction } from '../archived-transaction.ts'
import { ArchiveDamagedError } from '../errors.ts'
import { archivedRows, toArchivedTransaction } from './archive-rows.ts'
import type { ArchivedPlace } from './archived-places.ts'
import { retryOnContention, type Sql, sqlState } from './client.ts'
import { jsonbText } from './jsonb-text.ts'

/** A file as the database knows it. */
export interface ArchiveFile {
  /** Where it lies in the store. */
  key: string
  /** Its first day. */
  month: string
  bytes: number
  /** In hex. */
  sha256: string
}

/** Of a user and a month: what lies in one file. */
export interface ArchivePart extends ArchivedPlace {
  fileId: string
  file: ArchiveFile
  transactions: number
}

/**
 * The first `limit` transactions that are to be archived of a month and of the users between two, in the order of files; of
 * `userIds` among them alone, where these are given.
 */
export async function readArchivable(
  sql: Sql,
  month: string,
  firstUserId: string,
  lastUserId: string,
  limit: number,
  userIds?: readonly string[],
): Promise<ArchivedTransaction[]> {
  const rows = await sql`
    SELECT * FROM archivable_detail(
      ${month}, ${firstUserId}, ${lastUserId}, ${limit}, ${userIds ? [...userIds] : null}::bigint[])`
  return rows.map(toArchivedTransaction)
}

/**
 * Drops from the hypertable what a file holds, and leaves its sums: `rows` are the file's, as they were read back from the
 * store. False where the database says something else by now, and nothing was done.
 */
export function dropArchived(
  sql: Sql,
  file: ArchiveFile,
  rows: readonly ArchivedTransaction[],
  now: Date,
): Promise<boolean> {
  return unlessChanged(
    () => sql`
      SELECT archive_detail(${jsonbText(file)}::text::jsonb, ${archivedRows(sql, rows)}, ${now.toISOString()})`,
  )
}

/** All parts of a month. */
export async function partsOfMonth(sql: Sql, month: string): Promise<ArchivePart[]> {
  const rows = await sql`
    SELECT p.user_id, p.month, p.file_id, p.transactions, f.key, f.bytes, encode(f.sha256, 'hex') AS sha256
    FROM archive_part p JOIN archive_file f ON f.id = p.file_id
    WHERE p.month = ${month}
    ORDER BY p.user_id, p.file_id`
  return rows.map(toArchivePart)
}

/** Where the detail of these places lies; none for those that are in the database. */
export async function partsOf(sql: Sql, places: readonly ArchivedPlace[]): Promise<ArchivePart[]> {
  const rows = await sql`
    SELECT p.user_id, p.month, p.file_id, p.transactions, f.key, f.bytes, encode(f.sha256, 'hex') AS sha256
    FROM unnest(${places.map(({ userId }) => userId)}::bigint[], ${places.map(({ month }) => month)}::text[]::date[])
      AS place (user_id, month)
    JOIN archive_part p ON p.user_id = place.user_id AND p.month = place.month
    JOIN archive_file f ON f.id = p.file_id
    ORDER BY p.month, p.user_id, p.file_id`
  return rows.map(toArchivePart)
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
export function toArchivePart(row: any): ArchivePart {
  const { month, key, bytes, sha256, transactions } = row
  return {
    userId: row.user_id,
    month,
    fileId: row.file_id,
    file: { key, month, bytes, sha256 },
    transactions,
  }
}

/**
 * Puts detail of a month back: `rows` are all transactions of the `parts`, and the sums go on standing for what lies in other
 * parts of these users. False where a part is not the archive's any more, and nothing was done. Throws an ArchiveDamagedError where the rows do not add
 * up to the sums that were kept.
 */
export async function putBack(
  sql: Sql,
  month: string,
  parts: readonly ArchivePart[],
  rows: readonly ArchivedTransaction[],
): Promise<boolean> {
  try {
    return await unlessChanged(
      () =>
        sql`SELECT restore_detail(${month}, ${partsText(parts)}::text::jsonb, ${archivedRows(sql, rows)})`,
    )
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === sqlState.dataCorrupted)) throw error
    throw new ArchiveDamagedError(
      `${error.message}: tidemark archive verify tells where; nothing was changed`,
      { cause: error },
    )
  }
}

/** Sums of a month that stand for archived transactions of users of whom the archive has none of that month. */
export async function unfoundedSums(sql: Sql, month: string): Promise<DetailDifference[]> {
  const rows = await sql`SELECT * FROM unfounded_sums(${month})`
  return rows.map((row) => ({
    userId: row.user_id,
    accountId: row.account_id,
    asset: row.asset,
    kept: { transactions: row.kept_count, amount: row.kept_amount },
    archived: { transactions: null, amount: null },
  }))
}

/** An account and asset of which the archive and the sums that were kept do not agree. */
export interface DetailDifference {
  userId: string
  accountId: string
  asset: string
  /** Number and sum of what the kept rows stand for; null where there are none. */
  kept: { transactions: string | null; amount: string | null }
  archived: { transactions: string | null; amount: string | null }
}

/**
 * Compares what was kept of the month of these users with `rows`, all that the archive has of them, in `parts`. Undefined
 * where it has others by now.
 */
export async function compareDetail(
  sql: Sql,
  month: string,
  parts: readonly ArchivePart[],
  rows: readonly ArchivedTransaction[],
): Promise<DetailDifference[] | undefined> {
  let differences: DetailDifference[] | undefined
  await unlessChanged(async () => {
    const differing = await sql`
      SELECT * FROM differing_detail(${month}, ${partsText(parts)}::text::jsonb, ${archivedRows(sql, rows)})`
    differences = differing.map((row) => ({
      userId: row.user_id,
      accountId: row.account_id,
      asset: row.asset,
      kept: { transactions: row.kept_count, amount: row.kept_amount },
      archived: { transactions: row.archived_count, amount: row.archived_amount },
    }))
  })
  return differences
}

/** Of refuse_changed_parts (sql/functions/0034_archive_detail.sql). */
function partsText(parts: readonly ArchivePart[]): string {
  return jsonbText(parts.map(({ userId, fileId }) => ({ user: userId, file: fileId })))
}

/** False where the archive has changed since what it is called with was read. */
export async function unlessChanged(change: () => Promise<unknown>): Promise<boolean> {
  try {
    await retryOnContention(change)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === sqlState.archiveChanged) return false
    throw error
  }
}
