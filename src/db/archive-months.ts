import { retryOnContention } from './client.ts'
import type { Database } from './database.ts'

type Db = Pick<Database, 'sql' | 'engine'>

/** Months before that of `before` of which detail may be left to archive, oldest first, each as its first day. */
export async function monthsToArchive({ sql, engine }: Db, before: string): Promise<string[]> {
  const oldest =
    engine === 'timescale'
      ? sql`SELECT min(range_start)::date FROM timescaledb_information.chunks
          WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction'`
      : sql`SELECT min(to_date(substring(inhrelid::regclass::text FROM '\\d{4}_\\d{2}$'), 'YYYY_MM')) FROM pg_inherits
          WHERE inhparent = 'transaction'::regclass`
  const rows = await sql<{ month: string }[]>`
    SELECT m.month::date::text AS month
    FROM generate_series(month_start((${oldest}))::timestamp, month_start(${before}::date)::timestamp, '1 month') AS m (month)
    LEFT JOIN archive_month a ON a.month = m.month::date
    WHERE m.month::date < month_start(${before}::date) AND (
      a.state IS DISTINCT FROM 'done' OR EXISTS (SELECT 1 FROM archive_late l WHERE l.month = m.month::date)
    )
    ORDER BY m.month`
  return rows.map(({ month }) => month)
}

/**
 * From now on, what comes late to the month is noted. Whether the month is to be archived whole: behind `earlierWritesEnd`;
 * otherwise what was noted is all that may be left of it.
 */
export async function beginMonth({ sql }: Pick<Db, 'sql'>, month: string): Promise<boolean> {
  const [row] = await retryOnContention(
    () => sql<{ whole: boolean }[]>`SELECT begin_archive_month(${month}) AS whole`,
  )
  return row!.whole
}

/**
 * Waits until those have ended who may have written to a month, and not noted it, since they looked before it was begun.
 * Nobody waits for this one. False where they have not ended at the last of so many looks, between which the wait doubles
 * from 10 ms.
 */
export async function earlierWritesEnd({ sql }: Pick<Db, 'sql'>, looks: number): Promise<boolean> {
  const earlier = await sql<{ transaction: string }[]>`SELECT transaction FROM earlier_writes()`
  let left = earlier.map(({ transaction }) => transaction)
  for (let look = 0; left.length > 0 && look < looks; look++) {
    await new Promise((resume) => setTimeout(resume, 10 * 2 ** look))
    const found = await sql<{ transaction: string }[]>`
      SELECT transaction FROM earlier_writes() WHERE transaction = ANY (${left})`
    left = found.map(({ transaction }) => transaction)
  }
  return left.length === 0
}

/** Nothing of the month is left to archive but what is noted. */
export async function endMonth({ sql }: Pick<Db, 'sql'>, month: string): Promise<void> {
  await sql`UPDATE archive_month SET state = 'done' WHERE month = ${month} AND state = 'running'`
}

/** That something of a user has come to a month since it was begun. */
export interface LateNote {
  id: string
  userId: string
}

/** What is listed to archive behind this holds what these notes are of. */
export async function lateNotes({ sql }: Pick<Db, 'sql'>, month: string): Promise<LateNote[]> {
  const rows = await sql<LateNote[]>`
    SELECT id, user_id AS "userId" FROM archive_late WHERE month = ${month} ORDER BY user_id, id`
  return [...rows]
}

/** What these notes are of is archived. Others of the same users, made since, stay. */
export async function dropNotes({ sql }: Pick<Db, 'sql'>, notes: readonly LateNote[]): Promise<void> {
  await sql`DELETE FROM archive_late WHERE id = ANY (${notes.map(({ id }) => id)}::bigint[])`
}

/** Leaves these users of the month to the next run. */
export async function leaveUsers(
  { sql }: Pick<Db, 'sql'>,
  month: string,
  userIds: readonly string[],
): Promise<void> {
  await sql`
    INSERT INTO archive_late (user_id, month)
    SELECT user_id, ${month} FROM unnest(${[...userIds]}::bigint[]) AS u (user_id)`
}

/** Months of which archiving was ever begun, oldest first. */
export async function begunMonths({ sql }: Pick<Db, 'sql'>): Promise<string[]> {
  const rows = await sql<{ month: string }[]>`SELECT month FROM archive_month ORDER BY month`
  return rows.map(({ month }) => month)
}

export interface UserCount {
  userId: string
  transactions: number
}

/** Users with detail of the month that is to be archived, in order; of `among` alone, where they are given. */
export async function usersToArchive(
  { sql }: Pick<Db, 'sql'>,
  month: string,
  among?: readonly string[],
): Promise<UserCount[]> {
  const rows = await sql<UserCount[]>`
    SELECT user_id AS "userId", count(*)::int AS transactions
    FROM transaction
    WHERE booked_on BETWEEN ${month} AND bucket_end(${month}, 'month')
      AND is_archivable(status, archived_count, kind, id, account_id, asset, booked_on)
      ${among ? sql`AND user_id = ANY (${[...new Set(among)]}::bigint[])` : sql``}
    GROUP BY user_id ORDER BY user_id`
  return [...rows]
}
