import type { Database } from './database.ts'
import { countDifferences } from './differences.ts'
import { readTimescaleJobs, type TimescaleJob } from './timescale-jobs.ts'

export interface Status {
  engine: Database['engine']
  postgres: string
  timescaledb: string | null
  users: number
  accounts: number
  /**
   * Rows, those among them that stand for a day's archived ones. Estimated from the planner's statistics where there are any,
   * which do not tell them apart.
   */
  transactions: number
  prices: number
  bytes: { transaction: string; daily_flow: string; monthly_flow: string; price: string; database: string }
  /** Chunks of the hypertable, or partitions. */
  partitions: { total: number; columnstore: number }
  /** Bytes of the chunks in the columnstore, as rows and as they are; null where there are none. */
  compression: { before: string; after: string } | null
  /** Files of the archive in use, and the transactions in them; those that were brought back since are counted, too. */
  archive: { files: number; transactions: string; bytes: string }
  policies: TimescaleJob[]
  /** Users whose newest writes the aggregates do not hold yet; their reads go to the rows. */
  dirtyUsers: number
  /** Accounts and assets whose newest reported balance the transactions do not add up to. */
  differences: number
  /** There are too many to count: at least so many. */
  moreDifferences: boolean
}

export async function readStatus({ sql, engine }: Pick<Database, 'sql' | 'engine'>): Promise<Status> {
  const [server] = await sql`
    SELECT current_setting('server_version') AS postgres, pg_database_size(current_database()) AS database,
      (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
      (SELECT count(*)::int FROM app_user) AS users, (SELECT count(*)::int FROM account) AS accounts,
      (SELECT count(*)::int FROM rollup_dirty) AS dirty_users,
      (SELECT coalesce(nullif(greatest(reltuples, 0)::bigint, 0), (SELECT count(*) FROM price))
        FROM pg_class WHERE oid = 'price'::regclass) AS prices,
      pg_total_relation_size('price') AS price_bytes`
  const [archive] = await sql<[Status['archive']]>`
    SELECT count(*)::int AS files, coalesce(sum(p.transactions), 0) AS transactions, coalesce(sum(f.bytes), 0) AS bytes
    FROM archive_file f
    JOIN (SELECT file_id, sum(transactions) AS transactions FROM archive_part GROUP BY 1) AS p ON p.file_id = f.id`
  const differences = await countDifferences(sql)
  const storage = engine === 'timescale' ? await timescaleStorage(sql) : await plainStorage(sql)
  return {
    engine,
    postgres: server!.postgres,
    timescaledb: server!.timescaledb,
    users: server!.users,
    accounts: server!.accounts,
    transactions: Number(storage.transactions),
    prices: Number(server!.prices),
    bytes: {
      transaction: storage.transaction_bytes,
      daily_flow: storage.daily_bytes,
      monthly_flow: storage.monthly_bytes,
      price: server!.price_bytes,
      database: server!.database,
    },
    partitions: { total: storage.total, columnstore: storage.columnstore },
    compression: storage.after === null ? null : { before: storage.before!, after: storage.after },
    archive: { ...archive },
    policies: await readTimescaleJobs({ sql, engine }),
    dirtyUsers: server!.dirty_users,
    differences: differences.count,
    moreDifferences: differences.more,
  }
}

interface Storage {
  transactions: string
  transaction_bytes: string
  daily_bytes: string
  monthly_bytes: string
  total: number
  columnstore: number
  before: string | null
  after: string | null
}

/** Up to this, rows of transaction are counted: statistics of few rows, or of chunks that came since, may say anything. */
const mostCounted = 200_000

function rowCount(sql: Database['sql'], estimate: ReturnType<Database['sql']>) {
  return sql`(
    SELECT CASE WHEN counted.rows <= ${mostCounted} THEN counted.rows ELSE greatest(counted.rows, ${estimate}) END
    FROM (SELECT count(*) AS rows FROM (SELECT FROM transaction LIMIT ${mostCounted + 1}) AS t) AS counted
  )`
}

async function timescaleStorage(sql: Database['sql']): Promise<Storage> {
  const [storage] = await sql<Storage[]>`
    WITH aggregate AS (
      SELECT view_name,
        hypertable_size(format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass) AS bytes
      FROM timescaledb_information.continuous_aggregates
    )
    SELECT ${rowCount(sql, sql`approximate_row_count('transaction')`)} AS transactions,
      hypertable_size('transaction') AS transaction_bytes,
      (SELECT bytes FROM aggregate WHERE view_name = 'daily_flow') AS daily_bytes,
      (SELECT bytes FROM aggregate WHERE view_name = 'monthly_flow') AS monthly_bytes,
      (SELECT count(*)::int FROM timescaledb_information.chunks WHERE hypertable_name = 'transaction') AS total,
      (SELECT count(*)::int FROM timescaledb_information.chunks
        WHERE hypertable_name = 'transaction' AND is_compressed) AS columnstore,
      stats.before_compression_total_bytes AS before, stats.after_compression_total_bytes AS after
    FROM (SELECT) AS one LEFT JOIN hypertable_columnstore_stats('transaction') AS stats ON true`
  return storage!
}

async function plainStorage(sql: Database['sql']): Promise<Storage> {
  const [storage] = await sql<Storage[]>`
    SELECT ${rowCount(sql, sql`sum(greatest(c.reltuples, 0))::bigint`)} AS transactions,
      coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS transaction_bytes,
      pg_total_relation_size('daily_flow') AS daily_bytes, pg_total_relation_size('monthly_flow') AS monthly_bytes,
      count(*)::int AS total, 0 AS columnstore, NULL AS before, NULL AS after
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'transaction'::regclass`
  return storage!
}
