import type { Sql } from '../client.ts'
import { quoted, quotedColumns } from './tables.ts'

export interface TableDigest {
  rows: number
  /** Depends on the rows and not on their order: the sum of the first 64 bits of each one's MD5. It finds damage, not malice. */
  digest: string
}

/**
 * How values read as texts must not depend on settings of the role or the database. The rest is set by connect().
 */
export const textSettings =
  "SET bytea_output = 'hex'; SET extra_float_digits = 1; SET IntervalStyle = 'postgres'"

/** Counts and digests a table's rows, over these columns, where the server has them. */
export async function digestTable(
  sql: Sql,
  { name, columns }: { name: string; columns: string[] },
): Promise<TableDigest> {
  const [row] = await sql.unsafe<{ rows: string; digest: string }[]>(`
    SELECT count(*) AS rows,
      coalesce(sum(('x' || substr(md5(ROW(${quotedColumns(columns)})::text), 1, 16))::bit(64)::bigint), 0)::text AS digest
    FROM ${quoted(name)}`)
  return { rows: Number(row!.rows), digest: row!.digest }
}
