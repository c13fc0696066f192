import { withDeadline } from '../deadline.ts'
import type { Database } from './database.ts'
import { sqlDir } from './database.ts'
import { readMigrations } from './migrate.ts'
import { unfinishedRestore } from './unfinished-restore.ts'

/** Whether the database answers, and holds every migration that this version needs; `fault`: why it does not answer. */
export async function readReadiness({
  sql,
  engine,
}: Pick<Database, 'sql' | 'engine'>): Promise<{ database: boolean; migrations: boolean; fault?: unknown }> {
  try {
    const applied = await withDeadline(
      5_000,
      () => sql<{ name: string }[]>`SELECT name FROM schema_migration`,
    )
    const names = new Set(applied.map(({ name }) => name))
    const needed = await readMigrations(sqlDir, engine)
    const complete = needed.every(({ name }) => names.has(name)) && !names.has(unfinishedRestore)
    return { database: true, migrations: complete }
  } catch (fault) {
    return { database: false, migrations: false, fault }
  }
}
