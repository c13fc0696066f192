import type { Shutdown } from '../shutdown.ts'
import { connect } from './client.ts'
import type { Database } from './database.ts'

/**
 * Takes what one process at a time may do with a database, until the shutdown or any other end of the process. False
 * where another one has it.
 */
export async function holdAlone({ url }: Database, what: string, shutdown: Shutdown): Promise<boolean> {
  // The lock is its connection's.
  const sql = connect(url, { max: 1, applicationName: `tidemark ${what}`, lasting: true })
  shutdown.register(() => sql.end({ timeout: 2 }))
  const [row] = await sql`SELECT pg_try_advisory_lock(hashtextextended(${`tidemark.${what}`}, 0)) AS got`
  return row!.got
}
