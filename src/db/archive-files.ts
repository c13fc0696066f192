import type { ArchivedTransaction } from '../archived-transaction.ts'
import { type ArchiveFile, unlessChanged } from './archive-detail.ts'
import { archivedRows } from './archive-rows.ts'
import type { Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'

export interface KnownFile extends ArchiveFile {
  id: string
  firstUserId: string
  lastUserId: string
  transactions: number
  /** Users whose transactions are the archive's, and how many these are. */
  users: number
  archived: number
  /** Holds transactions of accounts that are gone. */
  renew: boolean
}

/** Of a month, or of all, in the order of months and users. */
export async function listArchiveFiles(sql: Sql, month?: string): Promise<KnownFile[]> {
  const rows = await sql`
    SELECT f.id, f.key, f.month, f.bytes, encode(f.sha256, 'hex') AS sha256, f.first_user_id, f.last_user_id,
      f.transactions, f.renew, count(p.user_id)::int AS users, coalesce(sum(p.transactions), 0)::int AS archived
    FROM archive_file f LEFT JOIN archive_part p ON p.file_id = f.id
    WHERE ${month ?? null}::date IS NULL OR f.month = ${month ?? null}
    GROUP BY f.id ORDER BY f.month, f.first_user_id, f.id`
  return rows.map((row) => ({
    id: row.id,
    key: row.key,
    month: row.month,
    bytes: row.bytes,
    sha256: row.sha256,
    firstUserId: row.first_user_id,
    lastUserId: row.last_user_id,
    transactions: row.transactions,
    users: row.users,
    archived: row.archived,
    renew: row.renew,
  }))
}

/**
 * Makes a file known that is about to be written, as one that nothing is read from: where it is never taken up, it goes as
 * all unused ones do.
 */
export async function announceFile(
  sql: Sql,
  { key, month, bytes, sha256 }: ArchiveFile,
  rows: readonly Pick<ArchivedTransaction, 'userId'>[],
  now: Date,
): Promise<void> {
  await sql`
    INSERT INTO archive_file (
      key, month, first_user_id, last_user_id, transactions, bytes, sha256, written_at, unused_since
    )
    VALUES (
      ${key}, ${month}, ${rows[0]!.userId}, ${rows.at(-1)!.userId}, ${rows.length}, ${bytes}, decode(${sha256}, 'hex'),
      ${now.toISOString()}, ${now.toISOString()}
    )
    ON CONFLICT (key) DO NOTHING`
}

/** Users whose transactions of the file's month are the archive's, in order. */
export async function usersOf(sql: Sql, fileId: string): Promise<string[]> {
  const rows = await sql<{ user_id: string }[]>`
    SELECT user_id FROM archive_part WHERE file_id = ${fileId} ORDER BY user_id`
  return rows.map((row) => row.user_id)
}

/** Which of these accounts are there. */
export async function existingAccounts(sql: Sql, accountIds: readonly string[]): Promise<Set<string>> {
  const rows = await sql<
    { id: string }[]
  >`SELECT id FROM account WHERE id = ANY (${[...accountIds]}::bigint[])`
  return new Set(rows.map(({ id }) => id))
}

/**
 * Puts a file that was written anew in the place of an earlier one, or nothing where no rows are left, and forgets what users
 * said of the transactions that are gone with their accounts. False where the archive is another by now.
 */
export function replaceFile(
  sql: Sql,
  earlier: { id: string; userIds: string[] },
  fresh: { file: ArchiveFile; rows: readonly ArchivedTransaction[] },
  gone: readonly Pick<ArchivedTransaction, 'userId' | 'id'>[],
  now: Date,
): Promise<boolean> {
  return unlessChanged(
    () => sql`
      SELECT replace_archive_file(${earlier.id}, ${earlier.userIds}::bigint[], ${jsonbText(fresh.file)}::text::jsonb,
        ${archivedRows(sql, fresh.rows)}, ${jsonbText(gone.map(({ userId, id }) => ({ user: userId, id })))}::text::jsonb,
        ${now.toISOString()})`,
  )
}

/** Files of which nothing has been the archive's for so many days; what is seen to be unused now begins to count. */
export async function unusedFiles(sql: Sql, days: number, now: Date): Promise<{ id: string; key: string }[]> {
  await sql`
    UPDATE archive_file f
    SET unused_since = CASE WHEN used THEN NULL ELSE ${now.toISOString()}::timestamptz END
    FROM (SELECT id, EXISTS (SELECT 1 FROM archive_part p WHERE p.file_id = a.id) AS used FROM archive_file a) AS u
    WHERE u.id = f.id AND used = (unused_since IS NOT NULL)`
  return sql<{ id: string; key: string }[]>`
    SELECT id, key FROM archive_file WHERE unused_since <= ${daysBefore(now, days)} ORDER BY id`
}

/** From now on the file is not taken up any more. False where it was, or has not been unused for so many days. */
export async function beginRemoval(sql: Sql, fileId: string, days: number, now: Date): Promise<boolean> {
  const begun = await sql`
    UPDATE archive_file f SET unused_since = '-infinity'
    WHERE f.id = ${fileId} AND unused_since <= ${daysBefore(now, days)}
      AND NOT EXISTS (SELECT 1 FROM archive_part p WHERE p.file_id = f.id)`
  return begun.count === 1
}

/** Forgets a file that is in the store no more. */
export async function endRemoval(sql: Sql, fileId: string): Promise<void> {
  await sql`DELETE FROM archive_file WHERE id = ${fileId} AND unused_since = '-infinity'`
}

function daysBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString()
}
