import { DatabaseUnavailableError } from '../../errors.ts'
import { connect, type Sql } from '../client.ts'
import { textSettings } from './digest.ts'
import { quoted, readTables, type Table } from './tables.ts'

/** All tables as they were at one moment. */
export interface Snapshot {
  sql: Sql
  tables: Table[]
  takenAt: string
  /** Throws where what is read now is not of that moment. To be called before and after whatever must be. */
  prove(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a read-only transaction that sees one moment, on a connection of its own.
 *
 * The tables are locked before the snapshot is taken, in the mode that any SELECT takes: it waits for nobody who writes,
 * and keeps a chunk from being moved to the columnstore meanwhile, which ends with a TRUNCATE. A snapshot from before
 * would see the chunk empty: https://www.postgresql.org/docs/15/mvcc-caveats.html. LOCK takes no snapshot itself.
 *
 * postgres.js 3.4.9 connects again without a word when a connection broke, and what follows runs outside of the
 * transaction: `prove` compares the process, the transaction and its snapshot.
 */
export async function openSnapshot(url: string): Promise<Snapshot> {
  const sql = connect(url, { max: 1, applicationName: 'tidemark backup', lasting: true })
  try {
    const tables = await readTables(sql)
    await sql.unsafe(
      `${textSettings}; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
       BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
       LOCK TABLE ${tables.map(({ name }) => quoted(name)).join(', ')} IN ACCESS SHARE MODE`,
    )
    const taken = await identify(sql)
    // A migration between the look and the lock.
    if (
      JSON.stringify(await readTables(sql)) !== JSON.stringify(tables) ||
      taken.isolation !== 'repeatable read'
    )
      throw lost()
    return {
      sql,
      tables,
      takenAt: taken.at,
      async prove() {
        if (JSON.stringify(await identify(sql)) !== JSON.stringify(taken)) throw lost()
      },
      close: () => sql.end({ timeout: 2 }),
    }
  } catch (error) {
    await sql.end({ timeout: 2 })
    throw error
  }
}

async function identify(sql: Sql) {
  const [row] = await sql<{ pid: number; at: string; snapshot: string; isolation: string }[]>`
    SELECT pg_backend_pid() AS pid, to_char(transaction_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
      pg_current_snapshot()::text AS snapshot, current_setting('transaction_isolation') AS isolation`
  return { ...row! }
}

function lost(): DatabaseUnavailableError {
  return new DatabaseUnavailableError(
    'the connection to the database broke, or its tables changed, in the middle of the backup, which has to be of one ' +
      'moment: nothing was kept, run it again',
  )
}
