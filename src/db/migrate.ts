import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InstallationError } from '../errors.ts'
import type { Sql } from './client.ts'
import type { Engine } from './engine.ts'

/** The folders of sql/ in the order in which they are applied. */
const folders: Record<Engine, string[]> = {
  timescale: ['migrations', 'hypertables', 'aggregates', 'functions'],
  plain: ['migrations', 'plain', 'functions'],
}

export interface Migration {
  /** Folder and file, e.g. `aggregates/0001_daily_flow.sql`. */
  name: string
  body: string
  /** SHA-256 of the body, in hex. */
  hash: string
}

export async function readMigrations(sqlDir: string, engine: Engine): Promise<Migration[]> {
  const migrations: Migration[] = []
  for (const folder of folders[engine]) {
    const files = (await readdir(join(sqlDir, folder))).filter((file) => file.endsWith('.sql')).sort()
    for (const file of files) {
      const body = await readFile(join(sqlDir, folder, file), 'utf8')
      migrations.push({
        name: `${folder}/${file}`,
        body,
        hash: createHash('sha256').update(body).digest('hex'),
      })
    }
  }
  return migrations
}

/**
 * Applies what is not applied yet and returns its names. A file and the record of it are one statement: a crash
 * leaves neither. Two processes that start at once apply each file once, because each looks again behind a lock.
 * Throws an InstallationError where a file that was applied has changed since, or was applied for the other engine.
 */
export async function migrate(sql: Sql, sqlDir: string, engine: Engine): Promise<string[]> {
  await sql.unsafe(`
    DO $$ BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.migrate', 0));
      CREATE TABLE IF NOT EXISTS schema_migration (
        name text PRIMARY KEY,
        hash text NOT NULL,
        engine text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      );
    END $$`)
  const migrations = await readMigrations(sqlDir, engine)
  await refuseChanged(sql, migrations, engine)
  const applied: string[] = []
  for (const migration of migrations) {
    if (await applyOnce(sql, migration, engine)) applied.push(migration.name)
  }
  return applied
}

async function refuseChanged(sql: Sql, migrations: Migration[], engine: Engine): Promise<void> {
  const known = await sql<{ name: string; hash: string; engine: Engine }[]>`
    SELECT name, hash, engine FROM schema_migration ORDER BY name`
  const other = known.find((row) => row.engine !== engine)
  if (other) {
    throw new InstallationError(
      `this database was set up for the ${other.engine} engine, but the server is ${engine} now: ` +
        (engine === 'plain'
          ? 'make the TimescaleDB extension available again'
          : 'move the data to a new database on this server'),
    )
  }
  const files = new Map(migrations.map((migration) => [migration.name, migration.hash]))
  for (const row of known) {
    const hash = files.get(row.name)
    if (hash === undefined) {
      throw new InstallationError(
        `the database knows the migration ${row.name}, which this version of Tidemark has not: use a newer version`,
      )
    }
    if (hash !== row.hash) {
      throw new InstallationError(
        `the migration ${row.name} was changed after it had been applied: restore the file, and put the change into a new one`,
      )
    }
  }
}

/** True where this call applied the file, false where it was there already. */
async function applyOnce(sql: Sql, { name, body, hash }: Migration, engine: Engine): Promise<boolean> {
  const [known] = await sql`SELECT 1 FROM schema_migration WHERE name = ${name}`
  if (known) return false
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
  try {
    const [outcome] = await sql
      .unsafe<{ outcome: string }[]>(
        `SELECT set_config('tidemark.migration_outcome', 'known', false) AS outcome;
       DO $migration$ BEGIN
         PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.migrate', 0));
         IF NOT EXISTS (SELECT 1 FROM schema_migration WHERE name = ${literal(name)}) THEN
           EXECUTE ${literal(body)};
           INSERT INTO schema_migration (name, hash, engine) VALUES (${literal(name)}, ${literal(hash)}, ${literal(engine)});
           PERFORM set_config('tidemark.migration_outcome', 'applied', false);
         END IF;
       END $migration$;
       SELECT current_setting('tidemark.migration_outcome') AS outcome`,
      )
      .then((results) => (results as unknown as { outcome: string }[][]).at(-1) ?? [])
    return outcome?.outcome === 'applied'
  } catch (error) {
    throw new InstallationError(`the migration ${name} failed: ${(error as Error).message}`, { cause: error })
  }
}
