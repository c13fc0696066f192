import { listArchiveFiles } from '../db/archive-files.ts'
import type { Sql } from '../db/client.ts'
import type { ArchiveStore } from './store.ts'

export interface MissingFiles {
  /** Files that transactions are read from. */
  files: number
  transactions: number
  /** Of these, those that the store has not; all of them where there is none. */
  missing: number
}

/** Whether the files that a database knows are where they should be; their content is not looked at. */
export async function findMissingFiles(sql: Sql, store: ArchiveStore | undefined): Promise<MissingFiles> {
  const used = (await listArchiveFiles(sql)).filter(({ archived }) => archived > 0)
  const there = new Set<string>()
  if (used.length > 0 && store) for await (const { key } of store.list('')) there.add(key)
  return {
    files: used.length,
    transactions: used.reduce((sum, { archived }) => sum + archived, 0),
    missing: used.filter(({ key }) => !there.has(key)).length,
  }
}
