import { addDays, daysBetween } from '../calendar.ts'
import type { History } from './connector.ts'

/** Days, both included. */
export interface Window {
  from: string
  to: string
}

/**
 * What an incremental sync reads, oldest first: from before the day of the last one (none: a first window back from
 * today, or today alone where history comes apart) to tomorrow, since it is tomorrow already somewhere. A connector
 * that owns its cursor gets one window, for which its cursor may know better.
 */
export function incrementalWindows(history: History, lastSyncDay: string | null, today: string): Window[] {
  const to = addDays(today, 1)
  const { windowDays, overlapDays, mutableDays } = history
  const oldest = addDays(today, -history.maxDays)
  let from: string
  if (lastSyncDay === null) {
    if (windowDays !== undefined) from = addDays(to, 1 - windowDays)
    else from = history.separateBackfill ? today : oldest
  } else {
    // A clock that was ahead once must not end it all.
    const last = lastSyncDay > today ? today : lastSyncDay
    from = addDays(last, -(last === today ? overlapDays : Math.max(overlapDays, mutableDays)))
  }
  if (from < oldest) from = oldest
  if (windowDays === undefined) return [{ from, to }]
  const windows: Window[] = []
  for (let start = from; start <= to; start = addDays(start, windowDays)) {
    const end = addDays(start, windowDays - 1)
    windows.push({ from: start, to: end < to ? end : to })
  }
  return windows
}

/** What is left for backfill when the first incremental sync begins; null where its pulls bring the history. */
export function firstBackfill(history: History, today: string): Window | null {
  if (history.windowDays === undefined && !history.separateBackfill) return null
  const from = addDays(today, -history.maxDays)
  // The day on which the incremental windows begin is read by both.
  const to = history.windowDays === undefined ? today : addDays(today, 1 - history.windowDays)
  return daysBetween(from, to) >= 0 ? { from, to } : null
}

/** The next window of what backfill has left: the newest days of it, or all of it for a connector with a cursor. */
export function backfillWindow(history: History, left: Window): Window {
  if (history.windowDays === undefined) return left
  const from = addDays(left.to, 1 - history.windowDays)
  return { from: from < left.from ? left.from : from, to: left.to }
}

/** What is left behind a window that was read; null where it was the last one. */
export function backfillAfter(left: Window, done: Window): Window | null {
  const to = addDays(done.from, -1)
  return to < left.from ? null : { from: left.from, to }
}
