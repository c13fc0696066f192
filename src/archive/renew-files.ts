import {
  existingAccounts,
  forgetFile,
  listArchiveFiles,
  replaceFile,
  unusedFiles,
  usersOf,
} from '../db/archive-files.ts'
import type { Archive } from './archive.ts'
import { decodeDetailFile } from './detail-file.ts'
import { writeFile } from './write-file.ts'

/**
 * Writes the files anew that hold transactions of accounts that are gone, without these, and forgets what their users had
 * said of them. Returns how many.
 */
export async function renewFiles(archive: Archive): Promise<number> {
  const { db, store, clock, signal } = archive
  let renewed = 0
  for (const file of (await listArchiveFiles(db.sql)).filter(({ renew }) => renew)) {
    signal.throwIfAborted()
    const userIds = await usersOf(db.sql, file.id)
    const users = new Set(userIds)
    const all = await decodeDetailFile(await store.get(file.key))
    const accounts = await existingAccounts(db.sql, [...new Set(all.map(({ accountId }) => accountId))])
    const kept = all.filter(({ userId, accountId }) => users.has(userId) && accounts.has(accountId))
    const gone = all.filter(({ accountId }) => !accounts.has(accountId))
    const fresh = kept.length > 0 ? await writeFile(archive, file.month, kept) : { file, rows: [] }
    if (await replaceFile(db.sql, { id: file.id, userIds }, fresh, gone, clock())) renewed++
    else if (kept.length > 0) await store.remove(fresh.file.key)
  }
  return renewed
}

/**
 * Removes files of which nothing has been the archive's for so many days: a backup that is no older may still need them.
 * Returns how many.
 */
export async function removeUnused({ db, store, clock, signal }: Archive, keepDays: number): Promise<number> {
  let removed = 0
  for (const { id, key } of await unusedFiles(db.sql, keepDays, clock())) {
    signal.throwIfAborted()
    await store.remove(key)
    await forgetFile(db.sql, id)
    removed++
  }
  return removed
}
