import type { Keyring } from '../keyring.ts'
import type { Sql } from './client.ts'

/** A column of sealed values, one a row, which a rotation puts under the current key. */
export interface SealedColumn {
  table: string
  column: string
  /** What the row's value is sealed with, so that it does not open in another row or another column. */
  identityOf(id: string): string
  /** What the row is called in a report. */
  nameOf(id: string): string
}

/**
 * To be called after a value was written. A rotation may have looked for rows under the old key in between, and retired
 * it: it made the new one current before, so that this look sees it.
 */
export async function keepUnderCurrentKey(
  sql: Sql,
  keyring: Keyring,
  { table, column, identityOf }: SealedColumn,
  id: string,
  written: Uint8Array,
): Promise<void> {
  for (let sealed = written; ; ) {
    const again = keyring.rewrap(sealed, identityOf(id))
    if (again === undefined) return
    await sql`
      UPDATE ${sql(table)} SET ${sql(column)} = ${again} WHERE id = ${id} AND ${sql(column)} = ${sealed}`
    sealed = again
  }
}
