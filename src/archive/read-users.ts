import type { ArchivedTransaction } from '../archived-transaction.ts'
import { ArchiveDamagedError } from '../errors.ts'
import { checkRowGroup, damaged, type Footer, footerBytes, type RowGroupAbout, readFooter } from './footer.ts'
import { readRowGroup } from './row-group.ts'
import type { ArchiveStore } from './store.ts'

/** Holds the footer of any file that Tidemark writes, as a rule. */
const tailBytes = 32 * 1024

/**
 * The rows of these users in a file, in its order. Reads the footer and the row groups that hold them, and no more.
 * Throws an ArchiveMissingError where there is no file, an ArchiveDamagedError where what is read of it is not whole.
 */
export async function readUsers(
  store: ArchiveStore,
  key: string,
  userIds: readonly string[],
): Promise<ArchivedTransaction[]> {
  try {
    return await readOnce(store, key, userIds)
  } catch (error) {
    if (!(error instanceof ArchiveDamagedError)) throw error
    // A file that was replaced between two reads looks as a damaged one does.
    return await readOnce(store, key, userIds)
  }
}

async function readOnce(
  store: ArchiveStore,
  key: string,
  userIds: readonly string[],
): Promise<ArchivedTransaction[]> {
  const name = `${store.place}/${key}`
  const footer = await fetchFooter(store, key, name)
  const users = userIds.map(BigInt)
  const wanted = footer.rowGroups.filter(({ firstUser, lastUser }) =>
    users.some((user) => firstUser <= user && user <= lastUser),
  )
  const kept = new Set(userIds)
  const found: ArchivedTransaction[] = []
  for (const run of runsOf(wanted)) {
    const start = run[0]!.start
    const bytes = await store.get(key, { start, end: run.at(-1)!.end })
    for (const rowGroup of run) {
      const part = bytes.subarray(rowGroup.start - start, rowGroup.end - start)
      checkRowGroup(part, rowGroup, name)
      const rows = await readRowGroup(footer, rowGroup, part, name)
      for (const row of rows) if (kept.has(row.userId)) found.push(row)
    }
  }
  return found
}

async function fetchFooter(store: ArchiveStore, key: string, name: string): Promise<Footer> {
  const size = await store.size(key)
  // Of an empty file nothing can be asked for; a missing one is told by the store.
  const tail =
    size === undefined || size === 0
      ? await store.get(key)
      : await store.get(key, { start: Math.max(0, size - tailBytes), end: size })
  const fileBytes = size ?? tail.length
  const length = footerBytes(tail)
  if (length === undefined || length > fileBytes)
    throw damaged(name, 'it is no Parquet file, or a part of it is missing')
  const footer =
    length > tail.length
      ? await store.get(key, { start: fileBytes - length, end: fileBytes })
      : tail.subarray(-length)
  return readFooter(footer, fileBytes, name)
}

/** Row groups that lie side by side are read at once. */
function runsOf(rowGroups: RowGroupAbout[]): RowGroupAbout[][] {
  const runs: RowGroupAbout[][] = []
  for (const rowGroup of rowGroups) {
    const run = runs.at(-1)
    if (run && run.at(-1)!.end === rowGroup.start) run.push(rowGroup)
    else runs.push([rowGroup])
  }
  return runs
}
