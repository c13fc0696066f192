import type { Sql } from '../client.ts'

/** A table of Tidemark's, as the catalog has it. */
export interface Table {
  name: string
  /** Those that hold something of their own: generated ones are computed again. */
  columns: string[]
  /** The one whose values a sequence makes; null where there is none. */
  identity: string | null
}

/**
 * Tables whose rows are in no backup, each with the reason. Every other table that the schema has is in it: a table that
 * is added needs no word here. docs/backup.md tells of both.
 */
export const leftOut: Record<string, string> = {
  schema_migration:
    'the manifest names the migrations; the restored database has those of the code that restores',
  daily_flow: 'computed from the transactions',
  monthly_flow: 'computed from the transactions',
  rollup_dirty: 'says what this database has computed; set anew for what was loaded',
  session: 'a log-in that was ended since would be good again: all log-ins end',
  refresh_token: 'belongs to a log-in',
  try_count: 'counts of minutes that are over',
}

/** The tables whose rows are backed up, each behind those that it refers to. */
export async function readTables(sql: Sql): Promise<Table[]> {
  const tables = await sql<(Table & { refers: string[] })[]>`
    SELECT c.relname AS name,
      array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns,
      min(a.attname::text) FILTER (WHERE a.attidentity <> '') AS identity,
      ARRAY(
        SELECT f.relname::text FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND f.oid <> c.oid
      ) AS refers
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    GROUP BY c.oid, c.relname
    ORDER BY c.relname`
  const waiting = tables.filter(({ name }) => leftOut[name] === undefined)
  const ordered: Table[] = []
  while (waiting.length > 0) {
    const free = waiting.findIndex(({ refers }) => !waiting.some(({ name }) => refers.includes(name)))
    // Two that refer to each other have no order; none does today, and the foreign key would say so.
    const [next] = waiting.splice(Math.max(0, free), 1)
    ordered.push({ name: next!.name, columns: next!.columns, identity: next!.identity })
  }
  return ordered
}

/** A day range from `from` up to and without `to`. */
export interface DayRange {
  from: string
  to: string
}

/** The chunks or partitions of `transaction`: no other day has rows. */
export async function readTransactionRanges(sql: Sql, engine: 'timescale' | 'plain'): Promise<DayRange[]> {
  const ranges =
    engine === 'timescale'
      ? await sql<DayRange[]>`
          SELECT range_start::date::text AS from, range_end::date::text AS to FROM timescaledb_information.chunks
          WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction' ORDER BY range_start`
      : await sql<DayRange[]>`
          SELECT bound[1] AS from, bound[2] AS to FROM (
            SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), $$FROM [(]'(.+)'[)] TO [(]'(.+)'[)]$$) AS bound
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'transaction'::regclass
          ) AS p ORDER BY bound[1]::date`
  return [...ranges]
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
export const quotedColumns = (columns: string[]) => columns.map(quoted).join(', ')
