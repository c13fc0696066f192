import { RefusedError } from '../../errors.ts'
import type { Database } from '../database.ts'
import { sqlDir } from '../database.ts'
import { type Migration, readMigrations } from '../migrate.ts'
import type { Header } from './format.ts'
import type { Table } from './tables.ts'

/**
 * Refuses a backup of a newer schema than this code has, and one of a schema that it never had. Returns the migrations
 * of the plain tables that came after the backup.
 */
export async function refuseUnfit(
  header: Header,
  engine: Database['engine'],
  tables: Table[],
): Promise<Migration[]> {
  const migrations = await readMigrations(sqlDir, engine)
  const hashes = new Map(migrations.map(({ name, hash }) => [name, hash]))
  for (const { name, hash } of header.migrations) {
    // Functions hold no rows. What else differs between engines is told by the columns, below.
    if (name.startsWith('functions/')) continue
    if (header.engine !== engine && !name.startsWith('migrations/')) continue
    const known = hashes.get(name)
    if (known === undefined) throw newer(header, `the migration ${name}`)
    if (known !== hash) {
      throw new RefusedError(
        `the backup was made by another Tidemark (${header.tidemark}): its migration ${name} says something else`,
      )
    }
  }
  for (const { name, columns } of header.tables) {
    const table = tables.find((each) => each.name === name)
    if (!table) throw newer(header, `the table ${name}`)
    const missing = columns.find((column) => !table.columns.includes(column))
    if (missing !== undefined) throw newer(header, `the column ${missing} of ${name}`)
  }
  const had = new Set(header.migrations.map(({ name }) => name))
  return migrations.filter(({ name }) => name.startsWith('migrations/') && !had.has(name))
}

function newer({ tidemark }: Header, what: string): RefusedError {
  return new RefusedError(
    `the backup is of a newer Tidemark (${tidemark}): it has ${what}, which this version does not know; use that ` +
      'version, or a newer one',
  )
}

/**
 * The statements of a migration that change rows. They met none when the empty database was migrated, and are run once
 * the rows are there: on the schema of the present, not on that of their time.
 */
export function rowStatements({ body }: Pick<Migration, 'body'>): string[] {
  return body
    .split('--> statement-breakpoint')
    .map((statement) => statement.replace(/^(\s*--.*\n|\s+)*/, ''))
    .filter((statement) => /^(INSERT|UPDATE|DELETE|WITH)\b/i.test(statement))
}
