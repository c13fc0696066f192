import type { Sql } from '../client.ts'
import type { Manifest } from './format.ts'
import { quoted, type Table } from './tables.ts'

/** How long a provider's scopes rest after a restore: the longest window of their limits. */
export interface Rest {
  connector: string
  /** Milliseconds; null where there is no such limit. */
  client: number | null
  connection: number | null
}

/** Ids that may have been given out between the backup and its restore: they are given to nobody else. */
const idsLeftOut = 1_000_000

/**
 * Brings what was loaded into the present: of what happened between the backup and the restore nothing is known here,
 * and nothing of it may be contradicted. `stopped`: nothing happened. docs/backup.md has the reasons.
 */
export async function settleRestored(
  sql: Sql,
  tables: Table[],
  manifest: Manifest,
  { stopped, rests, now }: { stopped: boolean; rests: Rest[]; now: Date },
): Promise<void> {
  await setSequences(sql, tables, manifest, stopped ? 0 : idsLeftOut)
  await endLeases(sql, tables)
  await jumpVersions(sql)
  if (!stopped) await restBudgets(sql, rests, now)
}

async function setSequences(sql: Sql, tables: Table[], manifest: Manifest, further: number): Promise<void> {
  for (const { name, identity } of tables) {
    const last = manifest.tables.find((table) => table.name === name)?.sequence ?? null
    if (identity === null || last === null) continue
    await sql`
      SELECT setval(pg_get_serial_sequence(${quoted(name)}, ${identity})::regclass, ${last}::bigint + ${further}::bigint)`
  }
}

/** Whoever held one works on another database. */
async function endLeases(sql: Sql, tables: Table[]): Promise<void> {
  for (const { name, columns } of tables) {
    if (!columns.includes('lease_token') || !columns.includes('lease_until')) continue
    const ended = ['lease_token', 'lease_until', 'running_lane'].filter((column) => columns.includes(column))
    await sql.unsafe(
      `UPDATE ${quoted(name)} SET ${ended.map((column) => `${quoted(column)} = NULL`).join(', ')}
       WHERE lease_token IS NOT NULL OR lease_until IS NOT NULL`,
    )
  }
}

/** Beyond every version that there was: an answer that somebody kept from then is never taken for one of now. */
async function jumpVersions(sql: Sql): Promise<void> {
  await sql`
    INSERT INTO user_version AS v (user_id, version)
    SELECT id, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM app_user
    ON CONFLICT (user_id) DO UPDATE SET version = v.version + excluded.version`
  await sql`
    INSERT INTO price_version AS v (version) VALUES ((extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    ON CONFLICT (one) DO UPDATE SET version = v.version + excluded.version`
}

/** Requests since the backup are counted nowhere: each scope rests for as long as its limits look back. */
async function restBudgets(sql: Sql, rests: Rest[], now: Date): Promise<void> {
  await sql`
    INSERT INTO provider_pause AS p (scope, paused_until, strikes)
    SELECT s.scope, ${now.toISOString()}::timestamptz + make_interval(secs => s.milliseconds / 1000.0), 0
    FROM (
      SELECT r.connector AS scope, r.client AS milliseconds
      FROM jsonb_to_recordset(${JSON.stringify(rests)}::text::jsonb) AS r (connector text, client bigint)
      WHERE r.client IS NOT NULL AND EXISTS (SELECT FROM user_source u WHERE u.source_type_id = r.connector)
      UNION ALL
      SELECT r.connector || ' source ' || u.id, r.connection
      FROM jsonb_to_recordset(${JSON.stringify(rests)}::text::jsonb) AS r (connector text, connection bigint)
      JOIN user_source u ON u.source_type_id = r.connector
      WHERE r.connection IS NOT NULL
    ) AS s
    ON CONFLICT (scope) DO UPDATE SET paused_until = greatest(p.paused_until, excluded.paused_until)`
}
