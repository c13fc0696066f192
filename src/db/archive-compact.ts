import postgres from 'postgres'
import { isContention, type Sql } from './client.ts'
import type { Database } from './database.ts'

/** A relation is written anew where at least this part of what it held was moved. */
const partMoved = 0.2

/** Milliseconds that a statement waits for others. */
const usualLockTimeout = 10_000

export interface CompactOptions {
  /** How many transactions a run moved, by month. */
  moved: ReadonlyMap<string, number>
  lockTimeout?: number
}

/**
 * Gives back the disk that the detail of a month took, where much of it was moved. A chunk is compacted with the month of
 * its last day: then all months that it spans are archived.
 */
export async function compactMonth(
  db: Pick<Database, 'sql' | 'engine'>,
  month: string,
  { moved, lockTimeout = usualLockTimeout }: CompactOptions,
): Promise<void> {
  const { sql, engine } = db
  const relations: Relation[] =
    engine === 'timescale'
      ? await chunksThatEndIn(sql, month)
      : [{ relation: partitionOf(month), first: month }]
  for (const { relation, first } of relations) {
    const rows = [...moved].reduce((sum, [of, count]) => (of >= first && of <= month ? sum + count : sum), 0)
    if (rows < partMoved * (await archivedBetween(sql, first, month))) continue
    await compactUnlessBusy(db, relation, lockTimeout)
  }
}

/** Compacts again what a process was compacting when it was killed, as its indexes tell. */
export async function finishCompaction(db: Pick<Database, 'sql' | 'engine'>): Promise<void> {
  const cutOff = await db.sql<{ relation: string }[]>`
    SELECT DISTINCT i.indrelid::regclass::text AS relation
    FROM pg_inherits h JOIN pg_index i ON i.indrelid = h.inhrelid JOIN pg_class c ON c.oid = i.indexrelid
    WHERE h.inhparent = 'transaction'::regclass AND ${isUnfinished(db.sql)}`
  for (const { relation } of cutOff) await compactUnlessBusy(db, relation, usualLockTimeout)
}

async function compactUnlessBusy(
  { sql, engine }: Pick<Database, 'sql' | 'engine'>,
  relation: string,
  lockTimeout: number,
): Promise<void> {
  // No statement here may be in a transaction, nor can a setting of a pool's connection be relied on.
  const own = postgres({
    ...sql.options,
    max: 1,
    connection: { ...sql.options.connection, lock_timeout: lockTimeout },
  } as never)
  try {
    await compact(own, engine, relation)
  } catch (error) {
    // Somebody works on the relation: what is not given back now, vacuuming gives back later.
    if (!isContention(error)) throw error
  } finally {
    await own.end({ timeout: 2 })
  }
}

async function compact(sql: Sql, engine: Database['engine'], relation: string): Promise<void> {
  if (engine === 'timescale') await sql`SELECT move_to_columnstore(${relation}, true)`
  await sql.unsafe(`VACUUM ${relation}`)
  await dropUnfinishedIndexes(sql, relation)
  try {
    await sql.unsafe(`REINDEX TABLE CONCURRENTLY ${relation}`)
  } catch (error) {
    await dropUnfinishedIndexes(sql, relation)
    throw error
  }
}

/** What a REINDEX CONCURRENTLY that was cut off leaves: nobody reads these indexes, and every write keeps them up. */
async function dropUnfinishedIndexes(sql: Sql, relation: string): Promise<void> {
  const unfinished = await sql<{ index: string }[]>`
    SELECT i.indexrelid::regclass::text AS index FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ${relation}::regclass AND ${isUnfinished(sql)}`
  for (const { index } of unfinished) await sql.unsafe(`DROP INDEX CONCURRENTLY IF EXISTS ${index}`)
}

/** Of an index i and its class c. The names are PostgreSQL's own: https://www.postgresql.org/docs/current/sql-reindex.html */
function isUnfinished(sql: Sql) {
  return sql`NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'`
}

/** How many transactions of these months are in the archive. */
async function archivedBetween(sql: Sql, first: string, last: string): Promise<number> {
  const [row] = await sql<{ transactions: number }[]>`
    SELECT coalesce(sum(transactions), 0)::float8 AS transactions FROM archive_part WHERE month BETWEEN ${first} AND ${last}`
  return row!.transactions
}

interface Relation {
  relation: string
  /** The first month of which it holds days. */
  first: string
}

async function chunksThatEndIn(sql: Sql, month: string): Promise<Relation[]> {
  const chunks = await sql<Relation[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS relation, month_start(range_start::date)::text AS first
    FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction' AND is_compressed
      AND range_end::date - 1 BETWEEN ${month}::date AND bucket_end(${month}::date, 'month')
    ORDER BY range_end`
  return [...chunks]
}

function partitionOf(month: string): string {
  return `transaction_${month.slice(0, 4)}_${month.slice(5, 7)}`
}
