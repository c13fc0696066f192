import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InstallationError } from '../errors.ts'
import type { Sql } from './client.ts'
import type { Engine } from './engine.ts'
import { unfinishedRestore, unfinishedRestoreFault } from './unfinished-restore.ts'

/** The folders of sql/ in the order in which they are applied. Their files never change once they are released. */
const folders: Record<Engine, string[]> = {
  timescale: ['migrations', 'hypertables', 'aggregates'],
  plain: ['migrations', 'plain'],
}

/**
 * Functions hold no data: the files of this folder say what they are now, and all of them are applied anew where one
 * has changed. See docs/decisions/0009-functions-are-replaced.md.
 */
const functionsFolder = 'functions'

export interface Migration {
  /** Folder and file, e.g. `aggregates/0001_daily_flow.sql`. */
  name: string
  body: string
  /** SHA-256 of the body, in hex. */
  hash: string
}

/** Every file for the engine, in the order in which they are applied. */
export async function readMigrations(sqlDir: string, engine: Engine): Promise<Migration[]> {
  const migrations: Migration[] = []
  for (const folder of [...folders[engine], functionsFolder]) {
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
 * Throws an InstallationError where a file that was applied has changed since, or was applied for the other engine, and
 * where a restore was not finished, unless `unfinished` asks for that.
 */
export async function migrate(
  sql: Sql,
  sqlDir: string,
  engine: Engine,
  { unfinished = false }: { unfinished?: boolean } = {},
): Promise<string[]> {
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
  const files = await readMigrations(sqlDir, engine)
  const functions = files.filter(({ name }) => isFunctions(name))
  const migrations = files.filter(({ name }) => !isFunctions(name))
  await refuseChanged(sql, migrations, engine, unfinished)
  const applied: string[] = []
  for (const migration of migrations) {
    if (await applyOnce(sql, migration, engine)) applied.push(migration.name)
  }
  return [...applied, ...(await replaceFunctions(sql, functions, engine))]
}

const isFunctions = (name: string) => name.startsWith(`${functionsFolder}/`)

async function refuseChanged(
  sql: Sql,
  migrations: Migration[],
  engine: Engine,
  unfinished: boolean,
): Promise<void> {
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
  if (!unfinished && known.some(({ name }) => name === unfinishedRestore)) throw unfinishedRestoreFault()
  const files = new Map(migrations.map((migration) => [migration.name, migration.hash]))
  for (const row of known.filter(({ name }) => !isFunctions(name) && name !== unfinishedRestore)) {
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
async function applyOnce(sql: Sql, migration: Migration, engine: Engine): Promise<boolean> {
  const { name, body } = migration
  const [known] = await sql`SELECT 1 FROM schema_migration WHERE name = ${name}`
  if (known) return false
  return applyLocked(
    sql,
    name,
    `NOT EXISTS (SELECT 1 FROM schema_migration WHERE name = ${literal(name)})`,
    [body],
    [`INSERT INTO schema_migration (name, hash, engine) VALUES ${recordOf(migration, engine)}`],
  )
}

/** Applies all functions where one differs from what was applied, in one statement; returns the files that did. */
async function replaceFunctions(sql: Sql, functions: Migration[], engine: Engine): Promise<string[]> {
  const known = await sql<{ name: string; hash: string }[]>`
    SELECT name, hash FROM schema_migration WHERE name LIKE ${`${functionsFolder}/%`}`
  const hashes = new Map(known.map((row) => [row.name, row.hash]))
  const changed = functions.filter(({ name, hash }) => hashes.get(name) !== hash).map(({ name }) => name)
  if (changed.length === 0 && known.length === functions.length) return []
  const records = functions.map((file) => recordOf(file, engine)).join(', ')
  const applied = await applyLocked(
    sql,
    functionsFolder,
    `(SELECT count(*) FROM schema_migration WHERE (name, hash, engine) IN (${records})) <> ${functions.length}
      OR (SELECT count(*) FROM schema_migration WHERE name LIKE '${functionsFolder}/%') <> ${functions.length}`,
    functions.map(({ body }) => body),
    [
      `DELETE FROM schema_migration WHERE name LIKE '${functionsFolder}/%'`,
      `INSERT INTO schema_migration (name, hash, engine) VALUES ${records}`,
    ],
  )
  return applied ? changed : []
}

function recordOf({ name, hash }: Migration, engine: Engine): string {
  return `(${[name, hash, engine].map(literal).join(', ')})`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** One statement behind a lock: runs bodies and records where the condition still holds, and tells whether it did. */
async function applyLocked(
  sql: Sql,
  name: string,
  condition: string,
  bodies: string[],
  records: string[],
): Promise<boolean> {
  try {
    const [outcome] = await sql
      .unsafe<{ outcome: string }[]>(
        `SELECT set_config('tidemark.migration_outcome', 'known', false) AS outcome;
       DO $migration$ BEGIN
         PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.migrate', 0));
         IF ${condition} THEN
           ${[...bodies.map((body) => `EXECUTE ${literal(body)};`), ...records.map((record) => `${record};`)].join('\n           ')}
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
