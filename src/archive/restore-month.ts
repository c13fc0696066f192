import { listArchiveFiles, usersOf } from '../db/archive-files.ts'
import type { Archive } from './archive.ts'
import { bringBack } from './bring-back.ts'

/** Puts the detail of a month back, of all users or of one. Returns how many transactions came back. */
export async function restoreMonth(
  archive: Archive,
  month: string,
  {
    userId,
    onFile = () => {},
  }: { userId?: string | undefined; onFile?: (transactions: number) => void } = {},
): Promise<number> {
  if (userId !== undefined) return bringBack(archive, [{ userId, month }])
  let restored = 0
  for (const file of await listArchiveFiles(archive.db.sql, month)) {
    const userIds = await usersOf(archive.db.sql, file.id)
    restored += await bringBack(
      archive,
      userIds.map((each) => ({ userId: each, month })),
    )
    onFile(restored)
  }
  return restored
}
