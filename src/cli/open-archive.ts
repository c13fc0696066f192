import type { Archive } from '../archive/archive.ts'
import { bringBack } from '../archive/bring-back.ts'
import { openArchiveStore } from '../archive/open-store.ts'
import { removeUnused, renewFiles } from '../archive/renew-files.ts'
import { runArchive } from '../archive/run-archive.ts'
import type { ArchiveStore } from '../archive/store.ts'
import { attachArchive } from '../db/archived-places.ts'
import type { Sql } from '../db/client.ts'
import type { Database } from '../db/database.ts'
import type { Runners } from '../db/policies/all.ts'
import { ArchiveDamagedError, RefusedError } from '../errors.ts'
import type { CommandContext } from './terminal.ts'

type Parts = Pick<CommandContext, 'config' | 'clock' | 'sleep' | 'signal'>

/** Where the archive's files lie; undefined where none is configured. */
export function openStore({ config, clock, sleep, signal }: Parts): ArchiveStore | undefined {
  if (config.archive === undefined) return undefined
  return openArchiveStore(config.archive, {
    clock,
    sleep,
    signal,
    fetch: globalThis.fetch,
    random: Math.random,
  })
}

/** Throws a RefusedError where none is configured. */
export async function openArchive(context: CommandContext): Promise<Archive> {
  const store = openStore(context)
  if (!store) {
    throw new RefusedError(
      'no archive is configured: TIDEMARK_ARCHIVE takes a folder, or s3://bucket/prefix with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    )
  }
  return { store, db: await context.openDatabase(), clock: context.clock, signal: context.signal }
}

/** What writes of this client need from the archive is brought back first. */
export function attachStore(
  { store, signal }: { store: ArchiveStore | undefined; signal: AbortSignal },
  db: Pick<Database, 'engine'>,
  sql: Sql,
): void {
  if (!store) return
  attachArchive(sql, async (places) => {
    await bringBack({ store, signal, db: { ...db, sql } }, places)
  })
}

/** What carries out policies that concern other parts than the database. */
export function runnersOf(context: Parts): Runners {
  const store = openStore(context)
  if (!store) return {}
  return {
    archive: async ({ sql, engine, settings, signal, progress }) => {
      const run = await runArchive(
        { store, db: { sql, engine }, clock: context.clock, signal },
        { ...settings, onMonth: progress },
      )
      return {
        message: `${run.transactions.toLocaleString('en-US')} transactions of ${run.months} months moved to ${run.files} files in ${store.place}`,
        again: run.left > 0,
      }
    },
    archiveFiles: async ({ sql, engine, settings: { keepUnusedDays }, signal }) => {
      const archive = { store, db: { sql, engine }, clock: context.clock, signal }
      const { renewed, faults } = await renewFiles(archive)
      const removed = await removeUnused(archive, keepUnusedDays)
      const message = [
        `${renewed} files written anew without accounts that are gone`,
        `${removed} files removed that nothing was read from any more`,
        ...faults,
      ].join('; ')
      if (faults.length > 0) throw new ArchiveDamagedError(message)
      return { message }
    },
  }
}
