import { type ArchivePart, partsOf } from '../db/archive-detail.ts'
import { ArchiveDamagedError, ArchiveMissingError } from '../errors.ts'
import { groupBy } from '../group-by.ts'
import type { Archive } from './archive.ts'
import { bringBackParts } from './bring-back.ts'

/**
 * Brings back what these users have in the archive already of a month in parts of fewer than so many transactions, so that
 * it goes to one file with what is to be archived now: whoever has late transactions again and again has not a part for each
 * time. What cannot be read stays where it is: verifying the archive tells. Whether there were such parts.
 */
export async function bringInParts(
  archive: Archive,
  month: string,
  users: readonly { userId: string }[],
  fewerThan: number,
): Promise<boolean> {
  const small = async (userIds: readonly string[]): Promise<ArchivePart[]> => {
    const parts = await partsOf(
      archive.db.sql,
      userIds.map((userId) => ({ userId, month })),
    )
    return parts.filter(({ transactions }) => transactions < fewerThan)
  }
  const parts = await small(users.map(({ userId }) => userId))
  if (parts.length === 0) return false
  const owners = [...groupBy(parts, ({ userId }) => userId).keys()]
  if (await readable(bringBackParts(archive, month, () => small(owners)))) return true
  for (const userId of owners) await readable(bringBackParts(archive, month, () => small([userId])))
  return true
}

async function readable(reading: Promise<unknown>): Promise<boolean> {
  try {
    await reading
    return true
  } catch (error) {
    if (error instanceof ArchiveDamagedError || error instanceof ArchiveMissingError) return false
    throw error
  }
}
