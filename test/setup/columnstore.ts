import type { TestDatabase } from './database.ts'

/** Puts every chunk into the columnstore, whatever its age; nothing on the plain engine. */
export async function compressEverything(db: TestDatabase): Promise<void> {
  if (db.engine !== 'timescale') return
  const chunks = await db.sql<{ chunk: string }[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk FROM timescaledb_information.chunks
    WHERE hypertable_name = 'transaction'`
  for (const { chunk } of chunks)
    await db.sql.unsafe(
      `CALL convert_to_columnstore('${chunk}', if_not_columnstore => true, recompress => true)`,
    )
}
