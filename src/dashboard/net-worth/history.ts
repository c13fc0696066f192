import type { Source } from '../queries.ts'

export interface HistoryProgress {
  /** Sources whose history was read to its end, of all that have one. */
  complete: number
  all: number
  /** What lies before may still change: the day back to which every source was read; undefined where one was not read at all. */
  backTo: string | undefined
}

/** How far back the sources have been read; undefined where that is to the end. */
export function historyOf(sources: Source[]): HistoryProgress | undefined {
  const synced = sources.filter(
    ({ lastSyncTime, nextSyncAt, backfill }) => lastSyncTime ?? nextSyncAt ?? backfill,
  )
  const open = synced.filter(({ lastSyncTime, backfill }) => backfill !== null || lastSyncTime === null)
  if (open.length === 0) return undefined
  const days = open.map(({ lastSyncTime, backfill }) => (lastSyncTime === null ? undefined : backfill?.to))
  const backTo = days.every((day) => day !== undefined) ? days.sort().at(-1) : undefined
  return { complete: synced.length - open.length, all: synced.length, backTo }
}
