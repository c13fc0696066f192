import type { BenchDatabase } from './server.ts'

/** Bytes of a set of chunks or partitions, and the rows in them. */
export interface Sizes {
  transactions: number
  table: number
  indexes: number
  total: number
  /** Of the whole relation transaction_ref, with its key. */
  ref: number
  refRows: number
}

/** On timescale a chunk's columnstore is counted with it. Counted right away, not estimated. */
export async function sizeOf({ sql, engine }: BenchDatabase, names: string[]): Promise<Sizes> {
  const bytes =
    engine === 'timescale'
      ? sql`SELECT total_bytes, index_bytes FROM chunks_detailed_size('transaction')
          WHERE format('%I.%I', chunk_schema, chunk_name) = ANY (${names})`
      : sql`SELECT pg_total_relation_size(name::regclass) AS total_bytes, pg_indexes_size(name::regclass) AS index_bytes
          FROM unnest(${names}::text[]) AS name`
  const [size] = await sql<{ total: number; indexes: number; ref: number; refRows: number }[]>`
    SELECT sum(total_bytes)::float8 AS total, sum(index_bytes)::float8 AS indexes,
      pg_total_relation_size('transaction_ref')::float8 AS ref,
      (SELECT count(*)::float8 FROM transaction_ref) AS "refRows"
    FROM (${bytes}) AS s`
  let transactions = 0
  for (const name of names) {
    const [counted] = await sql.unsafe<{ count: number }[]>(`SELECT count(*)::float8 AS count FROM ${name}`)
    transactions += counted!.count
  }
  return { ...size!, transactions, table: size!.total - size!.indexes }
}
