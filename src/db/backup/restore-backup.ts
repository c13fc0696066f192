import { InstallationError } from '../../errors.ts'
import type { Database } from '../database.ts'
import type { Migration } from '../migrate.ts'
import { followSettings } from '../policies/settings.ts'
import { markFinished } from '../unfinished-restore.ts'
import { moveToColumnstore } from './columnstore.ts'
import { digestTable } from './digest.ts'
import { refuseUnfit, rowStatements } from './fit.ts'
import { computeFlows } from './flows.ts'
import { type Header, type Manifest, sumRows } from './format.ts'
import { type Loader, openLoader } from './load.ts'
import { readArchive } from './read-archive.ts'
import { type Rest, settleRestored } from './settle.ts'
import { quoted, readTables, type Table } from './tables.ts'
import { takeTarget } from './target.ts'

export interface RestoreOptions {
  /** Empty what an unfinished restore left. */
  clean: boolean
  /** Nothing ran on the database that was backed up since the backup was made. */
  stopped: boolean
  rests: Rest[]
  now: Date
  signal: AbortSignal
  onRows?: (rows: number) => void
  onStep?: (step: string) => void
}

/**
 * Loads a backup into an empty database that has all migrations. Whenever it ends early, the database says so to every
 * command. It is done once what the server holds was compared with what it held.
 */
export async function restoreBackup(
  db: Database,
  source: AsyncIterable<Uint8Array>,
  { clean, stopped, rests, now, signal, onRows, onStep }: RestoreOptions,
): Promise<{ header: Header; rows: number }> {
  const tables = await readTables(db.sql)
  let loader: Loader | undefined
  let later: Migration[] = []
  let rows = 0
  try {
    const { header, manifest } = await readArchive(
      source,
      {
        async header(found) {
          later = await refuseUnfit(found, db.engine, tables)
          await takeTarget(db, tables, { clean, backup: found.takenAt })
          loader = await openLoader(db, found)
        },
        async part(table, bytes, count) {
          await loader!.load(table, bytes)
          rows += count
          onRows?.(rows)
        },
      },
      signal,
    )
    const { sql } = loader!
    onStep?.('comparing with the backup')
    await compare(sql, header, manifest)
    await settle(sql, tables, later, manifest)
    onStep?.('computing the sums')
    await computeFlows({ ...db, sql })
    await sql.unsafe(`ANALYZE ${tables.map(({ name }) => quoted(name)).join(', ')}`)
    if (db.engine === 'timescale') {
      onStep?.('compressing')
      await moveToColumnstore(sql, now)
    }
    signal.throwIfAborted()
    // What came before is on the disk no later than this.
    await sql`SET synchronous_commit = on`
    await markFinished(sql)
    return { header, rows: sumRows(manifest) }
  } finally {
    await loader?.close()
  }

  async function settle(sql: Loader['sql'], all: Table[], after: Migration[], manifest: Manifest) {
    for (const statement of after.flatMap(rowStatements)) await sql.unsafe(statement)
    await settleRestored(sql, all, manifest, { stopped, rests, now })
    await followSettings({ sql, engine: db.engine }, now)
  }
}

/** What the server holds now, against what it held then. */
async function compare(sql: Loader['sql'], header: Header, manifest: Manifest): Promise<void> {
  for (const { name, rows, digest } of manifest.tables) {
    const { columns } = header.tables.find((table) => table.name === name)!
    const found = await digestTable(sql, { name, columns })
    if (found.rows !== rows || found.digest !== digest) {
      throw new InstallationError(
        `${name} is not what was backed up: ${found.rows} rows with the digest ${found.digest}, where there were ${rows} ` +
          `with ${digest}; the database is marked as unfinished`,
      )
    }
  }
}
