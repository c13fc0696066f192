import { ConflictError, RefusedError } from '../../errors.ts'
import type { Database } from '../database.ts'
import { countOthers, isRestoreUnfinished, markFinished, markUnfinished } from '../unfinished-restore.ts'
import { leftOut, quoted, type Table } from './tables.ts'

/** Written by whatever runs first, and of nobody. */
const unimportant = ['source_type', 'policy']

/**
 * Makes sure that nothing is lost by a restore into this database, marks it as unfinished and empties it. From here on
 * every other command refuses it, until `markFinished`.
 */
export async function takeTarget(
  { sql, engine }: Database,
  tables: Table[],
  { clean, backup }: { clean: boolean; backup: string },
): Promise<void> {
  const unfinished = await isRestoreUnfinished(sql)
  if (unfinished && !clean) {
    throw new RefusedError(
      'a restore into this database did not come to its end: give --clean to empty what it left, and begin again',
    )
  }
  if (!unfinished) {
    const full = await findRows(sql, tables)
    if (full !== undefined) {
      throw new RefusedError(
        `the database is not empty (${full} has rows), and a restore never adds to one nor replaces it: give it another ` +
          'one, by DATABASE_URL or TIDEMARK_DATA_DIR',
      )
    }
  }
  await markUnfinished(sql, engine, backup)
  const others = await countOthers(sql)
  if (others > 0) {
    if (!unfinished) await markFinished(sql)
    throw new ConflictError(
      `other processes of Tidemark are connected to this database (${others} connections): stop them first`,
    )
  }
  const names = tables.map(({ name }) => quoted(name))
  for (const name of Object.keys(leftOut)) if (name !== 'schema_migration') names.push(quoted(name))
  await sql.unsafe(`TRUNCATE ${names.join(', ')}`)
}

/** A table that holds something. */
async function findRows(sql: Database['sql'], tables: Table[]): Promise<string | undefined> {
  const looks = tables
    .filter(({ name }) => !unimportant.includes(name))
    .map(({ name }) => `SELECT '${name}' AS name WHERE EXISTS (SELECT FROM ${quoted(name)})`)
  const [found] = await sql.unsafe<{ name: string }[]>(`${looks.join(' UNION ALL ')} LIMIT 1`)
  return found?.name
}
