import { type Sql, sqlState } from './client.ts'
import type { Database } from './database.ts'

/** Somebody works on the relation: what is not given back now, vacuuming gives back later. */
const contended = new Set<string>([sqlState.deadlockDetected, sqlState.lockNotAvailable])

/**
 * Gives back the disk that the detail of a month took. A chunk is compacted with the month of its last day: then all
 * months that it spans are archived.
 */
export async function compactMonth(
  { sql, engine }: Pick<Database, 'sql' | 'engine'>,
  month: string,
): Promise<void> {
  for (const relation of engine === 'timescale' ? await chunksThatEndIn(sql, month) : [partitionOf(month)]) {
    try {
      if (engine === 'timescale') await sql`SELECT move_to_columnstore(${relation}, true)`
      await sql.unsafe(`VACUUM ${relation}`)
      await sql.unsafe(`REINDEX TABLE CONCURRENTLY ${relation}`)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && contended.has(String(error.code)))) throw error
    }
  }
}

async function chunksThatEndIn(sql: Sql, month: string): Promise<string[]> {
  const chunks = await sql<{ chunk: string }[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction' AND is_compressed
      AND range_end::date - 1 BETWEEN ${month}::date AND bucket_end(${month}::date, 'month')
    ORDER BY range_end`
  return chunks.map(({ chunk }) => chunk)
}

function partitionOf(month: string): string {
  return `transaction_${month.slice(0, 4)}_${month.slice(5, 7)}`
}
