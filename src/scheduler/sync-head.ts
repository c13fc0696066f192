import { addDays, dayInZone, daysBetween } from '../calendar.ts'
import type { PullRequest } from '../connectors/connector.ts'
import type { JsonValue } from '../connectors/json.ts'
import { firstBackfill, incrementalWindows, type Window } from '../connectors/windows.ts'
import type { SyncEnd } from '../db/sync-pages.ts'
import { nextSync } from './next-sync.ts'
import { judgeFailure, letterOf, openRun, type Sync } from './sync.ts'
import { runPull } from './sync-run.ts'

/** What is new: the windows since the last sync, or on from the connector's cursor. */
export async function syncHead(sync: Sync): Promise<SyncEnd> {
  let request = headRequests(sync)[0]!
  try {
    const run = await openRun(sync)
    for (request of headRequests(sync)) {
      const { window } = request
      sync.reached = { window, cursor: request.cursor }
      await runPull(run, {
        request,
        keep: true,
        kept: (cursor) => headCursor(sync, window, cursor),
        onGroup: (cursor) => {
          sync.reached = { window, cursor }
        },
      })
    }
    return headDone(sync)
  } catch (error) {
    return headFailed(sync, request, error)
  }
}

/** A cursor of the connector's own lives from sync to sync; one within a window no longer than the window. */
export function ownsCursor({ connector }: Sync): boolean {
  return connector.history.windowDays === undefined
}

/** Where a head stands that goes window by window: kept as its cursor until the last window was read. */
export interface WindowProgress {
  /** When the sync began that began it: what came later is not known. After a while it is begun anew. */
  since: string
  window: Window
  cursor: JsonValue
}
/** Days. */
const keptFor = 7

/** What has to be pulled, oldest first; what an earlier run has read of it is left out. */
export function headRequests(sync: Sync): PullRequest[] {
  const { connector, claim, source, startedAt } = sync
  const mode = claim.lane === 0 ? 'hint' : 'incremental'
  const today = dayInZone(startedAt, 'UTC')
  const lastDay = source.lastSyncTime && dayInZone(source.lastSyncTime, 'UTC')
  const windows = incrementalWindows(connector.history, lastDay, today)
  if (ownsCursor(sync)) return windows.map((window) => ({ mode, window, cursor: source.cursor as JsonValue }))
  const reached = progressOf(sync)
  if (reached === undefined) return windows.map((window) => ({ mode, window, cursor: null }))
  const { windowDays = 1 } = connector.history
  const requests: PullRequest[] = [{ mode, window: reached.window, cursor: reached.cursor }]
  const end = windows.at(-1)!.to
  for (let from = addDays(reached.window.to, 1); from <= end; from = addDays(from, windowDays)) {
    const to = addDays(from, windowDays - 1)
    requests.push({ mode, window: { from, to: to < end ? to : end }, cursor: null })
  }
  return requests
}

/** Undefined where nothing was begun, or too long ago, or with longer windows than there are now. */
function progressOf({ connector, source, startedAt }: Sync): WindowProgress | undefined {
  const progress = source.cursor as WindowProgress | null
  if (typeof progress?.since !== 'string' || typeof progress.window?.from !== 'string') return undefined
  const age = (startedAt.getTime() - Date.parse(progress.since)) / 86_400_000
  const length = daysBetween(progress.window.from, progress.window.to) + 1
  return age >= 0 && age < keptFor && length <= (connector.history.windowDays ?? 0) ? progress : undefined
}

/** What is kept as the head's cursor, in the middle of it. */
export function headCursor(sync: Sync, window: Window, cursor: JsonValue): JsonValue {
  if (ownsCursor(sync)) return cursor
  const since = progressOf(sync)?.since ?? sync.startedAt.toISOString()
  return { since, window: { from: window.from, to: window.to }, cursor }
}

/** Everything came; behind the first time, history is due. */
export function headDone(sync: Sync): SyncEnd {
  const { scheduler, connector, source, startedAt } = sync
  const now = scheduler.clock()
  const left =
    source.lastSyncTime === null ? firstBackfill(connector.history, dayInZone(startedAt, 'UTC')) : null
  return {
    ...baseOf(sync),
    outcome: 'done',
    head: {
      // Windows that an earlier run has read are known as of then.
      lastSyncTime: ownsCursor(sync) ? startedAt : new Date(progressOf(sync)?.since ?? startedAt),
      nextSyncAt: nextTime(sync, now),
      lane: 1,
      attempts: 0,
      ...(!ownsCursor(sync) && { cursor: null }),
    },
    caughtUp: true,
    statusMessage: null,
    ...(left && { backfill: { ...left, cursor: null, at: now, attempts: 0 } }),
  }
}

export async function headFailed(sync: Sync, request: PullRequest, error: unknown): Promise<SyncEnd> {
  const { scheduler, source } = sync
  const failure = await judgeFailure(sync, error, source.attempts)
  if (failure.kind === 'later') return headLater(sync, failure.at, failure.message)
  const { message } = failure
  const failed = { ...baseOf(sync), outcome: 'failed', message, statusMessage: message } as const
  const head = {
    lastSyncTime: null,
    lane: 1,
    nextSyncAt: nextTime(sync, scheduler.clock()),
    attempts: 0,
    ...reachedCursor(sync),
  } as const
  switch (failure.kind) {
    case 'owner':
      return { ...failed, status: failure.status, head }
    case 'retry':
      return { ...failed, head: { ...head, nextSyncAt: failure.at, attempts: source.attempts + 1 } }
    case 'dead': {
      const again = { mode: 'incremental', window: request.window, cursor: request.cursor } as const
      return { ...failed, head, deadLetter: letterOf(again, failure, source.attempts + 1) }
    }
  }
}

/** It goes on at `at`, as urgent as it was; nothing of it counts as a failure. */
function headLater(sync: Sync, at: Date, message?: string): SyncEnd {
  return {
    ...baseOf(sync),
    outcome: 'yielded',
    ...(message !== undefined && { message, statusMessage: message }),
    head: {
      lastSyncTime: null,
      nextSyncAt: at,
      lane: sync.claim.lane === 0 ? 0 : 1,
      attempts: sync.source.attempts,
      ...reachedCursor(sync),
    },
  }
}

/** A window that was begun, and no group of it stored: the ones before it need not be read again. */
function reachedCursor(sync: Sync): { cursor?: JsonValue } {
  const { reached } = sync
  if (ownsCursor(sync) || reached === undefined) return {}
  return { cursor: headCursor(sync, reached.window, reached.cursor) }
}

function baseOf({ claim, startedAt }: Sync) {
  return { subject: claim.lane === 0 ? 'hint' : 'incremental', startedAt }
}

function nextTime({ connector, claim, source }: Sync, now: Date): Date {
  const { timeZone, lastSeenAt } = source
  return nextSync({ sourceId: claim.sourceId, schedule: connector.schedule, timeZone, lastSeenAt }, now)
}
