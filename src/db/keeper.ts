import { realpath } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { InstallationError } from '../errors.ts'
import { SUPERUSER } from './cluster.ts'

/**
 * One idle connection that stands for a process's interest in the server. It holds an advisory lock, shared;
 * who closes tries to turn it into an exclusive one, and only who gets that may stop the server. The lock is
 * let go by the end of the connection, hence by any end of the process.
 */
export type Keeper = { sql: postgres.Sql; port: number }

export const DATABASE = 'tidemark'
const APPLICATION = 'tidemark keeper'
const LOCK = 1_953_064_045
/** Time for a pool that was just closed to vanish from the server's list of clients. */
const LEAVING_MS = 1_000

const DUPLICATE_DATABASE = '42P04'
const UNIQUE_VIOLATION = '23505'
const INVALID_PASSWORD = '28P01'
/** Starting up, shutting down, a lock that was waited for too long, too many clients. */
const PASSING = /^(57P\d\d|55P03|53300)$/

/** Connects to the server of `data`, its database made where missing; undefined where it takes no connections now. */
export async function keep({
  port,
  password,
  data,
}: {
  port: number
  password: string
  data: string
}): Promise<Keeper | undefined> {
  // Not in the database itself, which could then be neither cloned nor dropped.
  const sql = postgres({
    host: '127.0.0.1',
    port,
    database: 'postgres',
    username: SUPERUSER,
    password,
    ssl: false,
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 10,
    fetch_types: false,
    onnotice() {},
    connection: { application_name: APPLICATION, lock_timeout: 10_000 },
  })
  try {
    await sql`select pg_advisory_lock_shared(${LOCK}::bigint)`
    const [row] = await sql<{ data: string; has: boolean }[]>`
      select current_setting('data_directory') as data,
             exists (select from pg_database where datname = ${DATABASE}) as has`
    if (row && (await realpath(row.data)) === (await realpath(data))) {
      if (!row.has) await createDatabase(sql)
      return { sql, port }
    }
  } catch (error) {
    await sql.end({ timeout: 0 })
    // Any other fault is a server that is starting, stopping or gone: the caller looks again.
    if (!(error instanceof postgres.PostgresError) || PASSING.test(error.code)) return undefined
    throw new InstallationError(
      error.code === INVALID_PASSWORD
        ? `The password in server.json is not the one of the database in ${data}: restore that file.`
        : `The database server in ${data} cannot be used: ${error.message}`,
      { cause: error },
    )
  }
  await sql.end({ timeout: 0 })
  return undefined
}

/** Makes the database; nothing happens where another process makes it at the same moment. */
async function createDatabase(sql: postgres.Sql): Promise<void> {
  try {
    await sql.unsafe(`create database ${DATABASE}`)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== DUPLICATE_DATABASE && code !== UNIQUE_VIOLATION) throw error
  }
}

/** Gives up the interest, and calls `stop` if it was the last one and no other client is connected. */
export async function release({ sql }: Keeper, stop: () => Promise<void>): Promise<void> {
  try {
    if (await isLast(sql)) await stop()
  } finally {
    await sql.end({ timeout: 0 })
  }
}

async function isLast(sql: postgres.Sql): Promise<boolean> {
  try {
    await sql`select pg_advisory_unlock_shared(${LOCK}::bigint)`
    const [lock] = await sql<{ got: boolean }[]>`select pg_try_advisory_lock(${LOCK}::bigint) as got`
    if (!lock?.got) return false
    // From here on whoever attaches waits for this lock, and looks for the server again when it stops.
    const end = performance.now() + LEAVING_MS
    for (;;) {
      const [others] = await sql<{ some: boolean }[]>`
        select exists (
          select from pg_stat_activity
          where backend_type = 'client backend' and pid <> pg_backend_pid()
            and application_name <> ${APPLICATION}) as some`
      if (!others?.some) return true
      if (performance.now() > end) return false
      await wait(20)
    }
  } catch (error) {
    // A server that is gone needs no stop; what is no loss of the connection is a fault of ours.
    if (error instanceof postgres.PostgresError && !error.code.startsWith('57P')) throw error
    return false
  }
}
