import type { Sql } from './client.ts'

/** The source that a user's statement files are imported through; made when it is first needed. */
export async function fileSource(sql: Sql, userId: string): Promise<string> {
  await sql`INSERT INTO source_type (id, title) VALUES ('file', 'Statement files') ON CONFLICT DO NOTHING`
  await sql`
    INSERT INTO user_source (user_id, source_type_id, name) VALUES (${userId}, 'file', 'files')
    ON CONFLICT ON CONSTRAINT user_source_name DO NOTHING`
  const [source] = await sql<{ id: string }[]>`
    SELECT id FROM user_source WHERE user_id = ${userId} AND source_type_id = 'file' AND name = 'files'`
  return source!.id
}
