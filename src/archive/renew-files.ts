import {
  beginRemoval,
  endRemoval,
  existingAccounts,
  type KnownFile,
  listArchiveFiles,
  replaceFile,
  unusedFiles,
  usersOf,
} from '../db/archive-files.ts'
import { ArchiveDamagedError, ArchiveMissingError } from '../errors.ts'
import type { Archive } from './archive.ts'
import { decodeDetailFile } from './detail-file.ts'
import { writeFile } from './write-file.ts'

/**
 * Writes the files anew that hold transactions of accounts that are gone, without these, and forgets what their users had
 * said of them. Returns how many, and of each file that cannot be read, a sentence: it is tried again by the next run.
 */
export async function renewFiles(archive: Archive): Promise<{ renewed: number; faults: string[] }> {
  const outcome = { renewed: 0, faults: [] as string[] }
  for (const file of (await listArchiveFiles(archive.db.sql)).filter(({ renew }) => renew)) {
    archive.signal.throwIfAborted()
    try {
      if (await renewFile(archive, file)) outcome.renewed++
    } catch (error) {
      if (!(error instanceof ArchiveDamagedError || error instanceof ArchiveMissingError)) throw error
      outcome.faults.push(error.message)
    }
  }
  return outcome
}

/** False where the archive is another by now. */
async function renewFile(archive: Archive, file: KnownFile): Promise<boolean> {
  const { db, store, clock } = archive
  const userIds = await usersOf(db.sql, file.id)
  const users = new Set(userIds)
  const all = await decodeDetailFile(await store.get(file.key))
  const accounts = await existingAccounts(db.sql, [...new Set(all.map(({ accountId }) => accountId))])
  const kept = all.filter(({ userId, accountId }) => users.has(userId) && accounts.has(accountId))
  const gone = all.filter(({ accountId }) => !accounts.has(accountId))
  const fresh = kept.length > 0 ? await writeFile(archive, file.month, kept) : { file, rows: [] }
  const replaced = await replaceFile(db.sql, { id: file.id, userIds }, fresh, gone, clock())
  if (!replaced && kept.length > 0) await store.remove(fresh.file.key)
  return replaced
}

/**
 * Removes files of which nothing has been the archive's for so many days, those that were written and never taken up among
 * them: a backup that is no older may still need them. Whoever is about to take one up is refused before it goes, and where
 * this is broken off, the file stays known, and the next run goes on. Returns how many.
 */
export async function removeUnused({ db, store, clock, signal }: Archive, keepDays: number): Promise<number> {
  let removed = 0
  const now = clock()
  for (const { id, key } of await unusedFiles(db.sql, keepDays, now)) {
    signal.throwIfAborted()
    if (!(await beginRemoval(db.sql, id, keepDays, now))) continue
    await store.remove(key)
    await endRemoval(db.sql, id)
    removed++
  }
  return removed
}
