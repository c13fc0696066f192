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
    WHERE m.month::date < month_start(${before}::date) AND a.state IS DISTINCT FROM 'done'
    ORDER BY m.month`
  return rows.map(({ month }) => month)
}

/** From now on, what comes late to the month is noted. */
export async function beginMonth({ sql }: Pick<Db, 'sql'>, month: string): Promise<void> {
  await retryOnContention(() => sql`SELECT begin_archive_month(${month})`)
}

/** Nothing of the month is left to archive, unless something has come since it was begun. */
export async function endMonth({ sql }: Pick<Db, 'sql'>, month: string): Promise<void> {
  await sql`UPDATE archive_month SET state = 'done' WHERE month = ${month} AND state = 'running'`
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

/** Users with detail of the month that is to be archived, in order. */
export async function usersToArchive({ sql }: Pick<Db, 'sql'>, month: string): Promise<UserCount[]> {
  const rows = await sql<UserCount[]>`
    SELECT user_id AS "userId", count(*)::int AS transactions
    FROM transaction
    WHERE booked_on BETWEEN ${month} AND bucket_end(${month}, 'month')
      AND is_archivable(status, archived_count, kind, id, account_id, asset, booked_on)
    GROUP BY user_id ORDER BY user_id`
  return [...rows]
}
