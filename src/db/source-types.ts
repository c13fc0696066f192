import type { Sql } from './client.ts'

/** Ids of the connectors that ever had a source. */
export async function readSourceTypes(sql: Sql): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`SELECT id FROM source_type ORDER BY id`
  return rows.map(({ id }) => id)
}
