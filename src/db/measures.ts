import type { Database } from './database.ts'

/** What is measured of the database itself, cheap enough to be asked every few seconds. */
export interface Measures {
  /** Users whose newest writes the aggregates do not hold yet, and the earliest day of these writes. */
  dirtyUsers: number
  dirtyFrom: string | null
  /** Chunks of the hypertable, or partitions. */
  partitions: { total: number; columnstore: number }
}

export async function readMeasures({ sql, engine }: Pick<Database, 'sql' | 'engine'>): Promise<Measures> {
  const [row] = await sql`
    SELECT (SELECT count(*)::int FROM rollup_dirty) AS users, (SELECT min(from_day) FROM rollup_dirty) AS from_day`
  const [partitions] =
    engine === 'timescale'
      ? await sql`
          SELECT count(*)::int AS total, count(*) FILTER (WHERE is_compressed)::int AS columnstore
          FROM timescaledb_information.chunks WHERE hypertable_name = 'transaction'`
      : await sql`
          SELECT count(*)::int AS total, 0 AS columnstore
          FROM pg_inherits WHERE inhparent = 'transaction'::regclass`
  return {
    dirtyUsers: row!.users,
    dirtyFrom: row!.from_day,
    partitions: { total: partitions!.total, columnstore: partitions!.columnstore },
  }
}
