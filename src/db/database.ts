import { fileURLToPath } from 'node:url'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Config } from '../config.ts'
import type { Logger } from '../logger.ts'
import type { Shutdown } from '../shutdown.ts'
import { connect, type Sql } from './client.ts'
import { openEmbeddedServer } from './embedded-server.ts'
import { detectEngine, type Engine } from './engine.ts'
import { migrate } from './migrate.ts'
import { ensurePartitionsAhead } from './partitions.ts'
import { checkSettings } from './policies/settings.ts'
import { checkRawRetention } from './retention.ts'
import { restoreApplication } from './unfinished-restore.ts'

/** An opened database: raw statements through `sql`, plain tables also through drizzle. */
export interface Database {
  sql: Sql
  orm: PostgresJsDatabase
  engine: Engine
  /** Where it is, password included: for a pool of another's own. */
  url: string
  /** The migrations that opening it applied. */
  migrated: string[]
  /** What the environment says of the policy `archive`. */
  rawRetentionDays?: number | undefined
}

/** sql/ of the checkout or the package: the same place seen from src/db and from dist/db. */
export const sqlDir = fileURLToPath(new URL('../../sql', import.meta.url))

/**
 * Opens the database that the configuration names, or Tidemark's own server, and brings it up to date. Throws an
 * InstallationError where it cannot be, a RefusedError where a setting contradicts it. `toRestore`: also where a restore
 * was not finished.
 */
export async function openDatabase(
  { config, log, clock }: { config: Config; log: Logger; clock: () => Date },
  shutdown: Shutdown,
  { toRestore = false }: { toRestore?: boolean } = {},
): Promise<Database> {
  let url = config.databaseUrl
  if (url === undefined) {
    const server = await openEmbeddedServer({
      dataDir: config.dataDir,
      path: config.path,
      log,
      ...(config.pgBin !== undefined && { pgBin: config.pgBin }),
    })
    shutdown.register(() => server.close())
    // A pool that were opened now would keep the server from stopping.
    shutdown.signal.throwIfAborted()
    url = server.url
  }
  const sql = connect(url, toRestore ? { applicationName: restoreApplication } : {})
  shutdown.register(() => sql.end({ timeout: 2 }))
  const { rawRetentionDays } = config
  return prepareDatabase(sql, { url, rawRetentionDays, now: clock(), toRestore })
}

/** Detects the engine and migrates; refuses settings that would lose history. */
export async function prepareDatabase(
  sql: Sql,
  {
    url,
    rawRetentionDays,
    now,
    toRestore = false,
  }: { url: string; rawRetentionDays: number | undefined; now: Date; toRestore?: boolean },
): Promise<Database> {
  const engine = await detectEngine(sql)
  const migrated = await migrate(sql, sqlDir, engine, { unfinished: toRestore })
  await checkRawRetention(sql, engine, rawRetentionDays)
  await checkSettings({ sql, engine, rawRetentionDays })
  await ensurePartitionsAhead(sql, now)
  return { sql, orm: drizzle(sql), engine, url, migrated, rawRetentionDays }
}
