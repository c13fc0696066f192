import type { Sql } from './client.ts'

/** `timescale`: the community edition, 2.26 or newer. `plain`: any other PostgreSQL, the Apache edition included. */
export type Engine = 'timescale' | 'plain'

const oldestTimescale = [2, 26]

/**
 * Asks the server what it is, and installs the extension where it is to be had. A database that was set up on the
 * plain engine stays so, also after TimescaleDB was installed beside it.
 *
 * The feature test calls `tsl_loaded()`: pg_available_extensions lists what lies on disk, not what is loaded, and the
 * Apache edition accepts the columnstore's settings in silence.
 */
export async function detectEngine(sql: Sql): Promise<Engine> {
  const [known] = await sql<{ plain: boolean; installed: boolean; loadable: boolean }[]>`
    SELECT coalesce((SELECT relkind = 'r' FROM pg_class WHERE oid = to_regclass('monthly_flow')), false) AS plain,
      EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') AS installed,
      -- Its settings are known only where its library was preloaded; the list of libraries is not shown to everyone.
      EXISTS (SELECT 1 FROM pg_settings WHERE name = 'timescaledb.disable_load')
        AND EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb') AS loadable`
  if (known?.plain) return 'plain'
  if (!known?.installed && known?.loadable) {
    await sql`CREATE EXTENSION IF NOT EXISTS timescaledb`.catch(ignoreUnlessOurs)
  }
  const [found] = await sql<{ version: string | null; probe: boolean }[]>`
    SELECT (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS version,
      to_regprocedure('_timescaledb_functions.tsl_loaded()') IS NOT NULL AS probe`
  if (!found?.version || !found.probe || !isRecentEnough(found.version)) return 'plain'
  const [tsl] = await sql<{ loaded: boolean }[]>`SELECT _timescaledb_functions.tsl_loaded() AS loaded`
  return tsl?.loaded ? 'timescale' : 'plain'
}

/**
 * Two processes may create the extension at once, and the one that comes second fails on the unique key; a role may
 * not be allowed to. What is there then decides.
 */
function ignoreUnlessOurs(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!['42710', '23505', '42501', '0A000', '58P01', '55000'].includes(code)) throw error
}

function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestTimescale[0]! || (major === oldestTimescale[0] && minor >= oldestTimescale[1]!)
}
