import { randomBytes } from 'node:crypto'

/**
 * The key of a file that is about to be written, which no other has, whoever writes at the same time: what a run leaves
 * behind can go without a look at the others'. As lakes name their folders, so that a query engine finds the months.
 */
export function newKey(month: string, firstUserId: string, lastUserId: string, now: Date): string {
  const moment = now.toISOString().replace(/[-:.]/g, '')
  return `month=${month.slice(0, 7)}/users-${firstUserId}-${lastUserId}-${moment}-${randomBytes(4).toString('hex')}.parquet`
}
