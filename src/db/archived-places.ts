import { ArchiveUnavailableError } from '../errors.ts'
import { retryOnContention, type Sql, sqlState } from './client.ts'

/** The month of a user, as its first day, whose detail lies in the archive. */
export interface ArchivedPlace {
  userId: string
  month: string
}

/** Brings the detail of these places back to the database, which changes no sum. */
export type BringBack = (places: ArchivedPlace[]) => Promise<void>

/** One refusal names all places of a write. A second one means that somebody archived some of them again meanwhile. */
const mostTries = 8

const archives = new WeakMap<Sql, BringBack>()

/** What writes of this client have to do with in the archive is brought back by `bringBack` from now on. */
export function attachArchive(sql: Sql, bringBack: BringBack): void {
  archives.set(sql, bringBack)
}

/**
 * Runs a write that is one idempotent statement: again where it lost a lock, and again behind what it has to do with was
 * brought back from the archive. Throws an ArchiveUnavailableError, and nothing is written, where it cannot be.
 */
export async function retryWrite<T>(sql: Sql, write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await retryOnContention(write)
    } catch (error) {
      const places = archivedPlacesOf(error)
      if (!places) throw error
      if (tries === mostTries) throw archivedAgain(error as Error)
      const bringBack = archives.get(sql)
      if (!bringBack) throw notConfigured(error as Error)
      await bringBack(places)
    }
  }
}

/** Undefined where the error is another one. */
function archivedPlacesOf(error: unknown): ArchivedPlace[] | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === sqlState.archived && 'detail' in error))
    return
  const places = JSON.parse(String(error.detail)) as { user: string; month: string }[]
  return places.map(({ user, month }) => ({ userId: user, month }))
}

function archivedAgain(cause: Error): ArchiveUnavailableError {
  return new ArchiveUnavailableError(
    `${cause.message}, again after each of ${mostTries - 1} times that they were brought back; nothing was written: try again`,
    { cause },
  )
}

function notConfigured(cause: Error): ArchiveUnavailableError {
  return new ArchiveUnavailableError(
    `${cause.message}, which this process cannot reach: set TIDEMARK_ARCHIVE as where they were archived; nothing was written`,
    { cause },
  )
}
