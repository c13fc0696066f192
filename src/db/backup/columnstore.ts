import { retryOnContention, type Sql } from '../client.ts'

/**
 * Puts the chunks into the columnstore that its policy would: rows take four times the space, and the policy's first turn
 * may be half a day away. Nothing on the plain engine.
 */
export async function moveToColumnstore(sql: Sql, now: Date): Promise<void> {
  const chunks = await sql<{ chunk: string }[]>`
    SELECT format('%I.%I', c.chunk_schema, c.chunk_name) AS chunk
    FROM timescaledb_information.chunks c
    JOIN timescaledb_information.jobs j
      ON j.hypertable_schema = c.hypertable_schema AND j.hypertable_name = c.hypertable_name
        AND j.proc_name = 'policy_compression'
    WHERE c.hypertable_schema = current_schema() AND c.hypertable_name = 'transaction' AND NOT c.is_compressed
      AND c.range_end < ${now.toISOString()}::timestamptz - (j.config->>'compress_after')::interval
    ORDER BY c.range_start`
  for (const { chunk } of chunks)
    await retryOnContention(() =>
      sql.unsafe(`CALL convert_to_columnstore('${chunk}', if_not_columnstore => true)`),
    )
}
