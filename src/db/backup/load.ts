import { connect, retryOnContention, type Sql } from '../client.ts'
import type { Database } from '../database.ts'
import { restoreApplication } from '../unfinished-restore.ts'
import { copyIn } from './copy-stream.ts'
import { textSettings } from './digest.ts'
import type { Header } from './format.ts'
import { type DayRange, quoted, quotedColumns } from './tables.ts'

export interface Loader {
  sql: Sql
  /** Stores a part. Again where it met a lock: it is all or nothing. */
  load(table: string, rows: Buffer): Promise<void>
  close(): Promise<void>
}

/** Loads rows on a connection of its own, behind the partitions that they need. */
export async function openLoader({ url, engine }: Database, { tables, ranges }: Header): Promise<Loader> {
  const sql = connect(url, { max: 1, applicationName: restoreApplication, lasting: true })
  await sql.unsafe(`${textSettings}; SET statement_timeout = 0; SET synchronous_commit = off`)
  await makePartitions(sql, ranges)
  // Sums are computed once, behind the rows (flows.ts): a third of the time that triggers take.
  if (engine === 'plain') await sql`ALTER TABLE transaction DISABLE TRIGGER USER`
  const columns = new Map(tables.map((table) => [table.name, quotedColumns(table.columns)]))
  return {
    sql,
    load: (table, rows) => retryOnContention(() => copyIn(sql, quoted(table), columns.get(table)!, rows)),
    close: () => sql.end({ timeout: 2 }),
  }
}

/** Of every month that a range touches: chunks of the other engine begin and end within months. */
async function makePartitions(sql: Sql, ranges: DayRange[]): Promise<void> {
  await sql`
    SELECT ensure_transaction_partitions(ARRAY(
      SELECT DISTINCT month::date
      FROM unnest(${ranges.map(({ from }) => from)}::date[], ${ranges.map(({ to }) => to)}::date[]) AS r ("from", "to"),
        generate_series(month_start(r."from"), r."to" - 1, INTERVAL '1 month') AS month
    ))`
}
