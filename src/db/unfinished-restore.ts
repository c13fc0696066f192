import { InstallationError } from '../errors.ts'
import type { Sql } from './client.ts'
import type { Engine } from './engine.ts'

/**
 * A row among the migrations says that a restore began and did not end. There, because every command reads them before
 * anything else, and one of a version that knows nothing of restores refuses a migration that it does not know.
 */
export const unfinishedRestore = 'restore/unfinished'

/** What a restore's own connections are called. */
export const restoreApplication = 'tidemark restore'

export function unfinishedRestoreFault(): InstallationError {
  return new InstallationError(
    'a restore into this database did not come to its end, and what it holds is not complete: run ' +
      '"tidemark restore FILE --clean", which empties it and begins again',
  )
}

export async function isRestoreUnfinished(sql: Sql): Promise<boolean> {
  const found = await sql`SELECT 1 FROM schema_migration WHERE name = ${unfinishedRestore}`
  return found.length > 0
}

export async function markUnfinished(sql: Sql, engine: Engine, backup: string): Promise<void> {
  await sql`
    INSERT INTO schema_migration (name, hash, engine) VALUES (${unfinishedRestore}, ${backup}, ${engine})
    ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, applied_at = now()`
}

export async function markFinished(sql: Sql): Promise<void> {
  await sql`DELETE FROM schema_migration WHERE name = ${unfinishedRestore}`
}

/** How many connections other processes of Tidemark have to this database. */
export async function countOthers(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'tidemark%'
      AND application_name NOT IN (${restoreApplication}, 'tidemark keeper')`
  return row!.count
}
