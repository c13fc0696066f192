import { setTimeout } from 'node:timers/promises'
import { createBatch } from '../db/batch.ts'
import { readVersions } from '../db/callers.ts'
import { type Sql, sqlState } from '../db/client.ts'
import { RefusedError } from '../errors.ts'
import type { HttpParts } from './parts.ts'

/** Milliseconds in which a replica has to tell what it knows: reads do not wait for one that hangs. */
const patience = 250
/** Milliseconds for which a replica is left alone that failed or was too slow. */
const leftAlone = 5_000

/** Reads for a user whose data is at `version`. */
export type Reader = <Answer>(
  userId: string,
  version: string,
  read: (sql: Sql) => Promise<Answer>,
) => Promise<Answer>

/**
 * Reads from the replica where it holds everything that the version names, else from the primary. A user reads
 * their own writes, and everything that was ingested before they asked, whoever wrote it and through whichever process.
 */
export function createReader({
  db,
  reads: primary = db.sql,
  replica,
  clock,
  log,
}: Pick<HttpParts, 'db' | 'reads' | 'replica' | 'clock' | 'log'>): Reader {
  if (replica === undefined) return (_userId, _version, read) => read(primary)
  const versions = createBatch<string, string>((userIds) => readVersions(replica, userIds))
  let avoidUntil = 0

  function avoid(reason: unknown): void {
    avoidUntil = clock().getTime() + leftAlone
    log.warn({ err: reason }, 'the replica is passed over for a while')
  }

  async function knows(userId: string, version: string): Promise<boolean> {
    const done = new AbortController()
    const late = setTimeout(patience, undefined, { signal: done.signal }).then(
      () => {
        throw new Error(`the replica did not answer within ${patience} ms`)
      },
      () => undefined,
    )
    try {
      return (await Promise.race([versions(userId), late])) === version
    } catch (error) {
      avoid(error)
      return false
    } finally {
      done.abort()
    }
  }

  return async (userId, version, read) => {
    if (clock().getTime() < avoidUntil || !(await knows(userId, version))) return read(primary)
    try {
      return await read(replica)
    } catch (error) {
      // What is refused is refused on the primary too; any other fault is the replica's: it ends queries in favour of
      // what it replays, or goes away.
      if (error instanceof RefusedError || isTooLong(error)) throw error
      avoid(error)
      return read(primary)
    }
  }
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === sqlState.queryCanceled
}
