import { setTimeout } from 'node:timers/promises'
import { createBatch } from '../db/batch.ts'
import { readVersions } from '../db/callers.ts'
import { asTidemarkError, type Sql, sqlState } from '../db/client.ts'
import { type Apart, withPausedDeadline } from '../deadline.ts'
import { isArchiveFault, RefusedError } from '../errors.ts'
import type { HttpParts } from './parts.ts'

/** Milliseconds in which a replica has to tell what it knows: reads do not wait for one that hangs. */
const patience = 250
/** Milliseconds for which a replica is left alone that failed or was too slow. */
const leftAlone = 5_000
/**
 * Milliseconds after which a read of a replica is given up that does not even end it: longer than it lets one take. What
 * is read from the archive meanwhile is not the replica's time.
 */
const longestOnReplica = 12_000

export type { Apart }

/** Reads for a user whose data is at `version`. What asks something else than the database runs in `apart`. */
export type Reader = <Answer>(
  userId: string,
  version: string,
  read: (sql: Sql, apart: Apart) => Promise<Answer>,
) => Promise<Answer>

/**
 * Reads from the replica where it holds everything that the version names, else from the primary. A user reads
 * their own writes, and everything that was ingested before they asked, whoever wrote it and through whichever process.
 * `count` is told of each read from where it was answered, where there is a replica.
 */
export function createReader(
  {
    db,
    reads: primary = db.sql,
    replica,
    clock,
    log,
  }: Pick<HttpParts, 'db' | 'reads' | 'replica' | 'clock' | 'log'>,
  count: (from: 'primary' | 'replica') => void = () => {},
): Reader {
  if (replica === undefined) return (_userId, _version, read) => read(primary, within)
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

  async function fromPrimary<Answer>(read: (sql: Sql, apart: Apart) => Promise<Answer>): Promise<Answer> {
    const answer = await read(primary, within)
    count('primary')
    return answer
  }

  return async (userId, version, read) => {
    if (clock().getTime() < avoidUntil || !(await knows(userId, version))) return fromPrimary(read)
    let fault: unknown
    try {
      const answer = await withPausedDeadline(longestOnReplica, (apart) => read(replica, apart))
      count('replica')
      return answer
    } catch (error) {
      // The primary reads the same files.
      if (isOfRequest(error) || isArchiveFault(error)) throw error
      fault = error
    }
    // What fails on the primary, too, is no fault of the replica.
    const answer = await fromPrimary(read)
    if (!isPassing(fault)) avoid(fault)
    return answer
  }
}

/** Where no deadline is: a part of the work as any other. */
const within: Apart = (work) => work()

/** What is refused, or takes too long, does so on the primary, too. */
function isOfRequest(error: unknown): boolean {
  return asTidemarkError(error) instanceof RefusedError || codeOf(error) === sqlState.queryCanceled
}

/** It ended this read in favour of what it replays, or what it replays holds a lock; another read may go well. */
function isPassing(error: unknown): boolean {
  const code = codeOf(error)
  return code === sqlState.serializationFailure || code === sqlState.lockNotAvailable
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
