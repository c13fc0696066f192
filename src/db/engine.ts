import type { Sql } from './client.ts'

/** `timescale`: the community edition, 2.26 or newer. `plain`: any other PostgreSQL, the Apache edition included. */
export type Engine = 'timescale' | 'plain'

const oldestTimescale = [2, 26]

/**
 * Asks the server what it is and installs the extension where it is to be had. The feature test calls
 * `tsl_loaded()`: pg_available_extensions lists what lies on disk, not what is loaded, and the Apache edition
 * accepts the columnstore's settings in silence.
 */
export async function detectEngine(sql: Sql): Promise<Engine> {
  const [preloaded] = await sql<{ preloaded: boolean }[]>`
    SELECT current_setting('shared_preload_libraries') LIKE '%timescaledb%'
      AND EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb') AS preloaded`
  if (preloaded?.preloaded) {
    // On a connection of its own: a session that saw the extension appear keeps the old library state.
    await sql`CREATE EXTENSION IF NOT EXISTS timescaledb`.catch(ignoreConcurrentCreation)
  }
  const [found] = await sql<{ version: string | null; probe: boolean }[]>`
    SELECT (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS version,
      to_regprocedure('_timescaledb_functions.tsl_loaded()') IS NOT NULL AS probe`
  if (!found?.version || !found.probe || !isRecentEnough(found.version)) return 'plain'
  const [tsl] = await sql<{ loaded: boolean }[]>`SELECT _timescaledb_functions.tsl_loaded() AS loaded`
  return tsl?.loaded ? 'timescale' : 'plain'
}

/** Two processes may create the extension at once; the one that comes second fails on the unique key. */
function ignoreConcurrentCreation(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== '42710' && code !== '23505') throw error
}

function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestTimescale[0]! || (major === oldestTimescale[0] && minor >= oldestTimescale[1]!)
}
