import { dayInZone } from '../calendar.ts'
import type { PullRequest } from '../connectors/connector.ts'
import type { JsonValue } from '../connectors/json.ts'
import { firstBackfill, incrementalWindows } from '../connectors/windows.ts'
import type { SyncEnd } from '../db/sync-pages.ts'
import { nextSync } from './next-sync.ts'
import { type Ended, judgeFailure, letterOf, openRun, type Sync } from './sync.ts'
import { runPull } from './sync-run.ts'

/** What is new: the windows since the last sync, or on from the connector's cursor. */
export async function syncHead(sync: Sync): Promise<Ended> {
  const keep = ownsCursor(sync)
  let request = headRequests(sync)[0]!
  try {
    const run = await openRun(sync)
    for (request of headRequests(sync)) {
      const { complete } = await runPull(run, { request, keep })
      if (!complete) return { end: headLater(sync, sync.claim.dueAt), providerFailed: false }
    }
    return headDone(sync)
  } catch (error) {
    return headFailed(sync, request, error)
  }
}

/** A cursor of the connector's own lives from sync to sync; one within a window does not outlive the run. */
export function ownsCursor({ connector }: Sync): boolean {
  return connector.history.windowDays === undefined
}

/** What has to be pulled, oldest first. */
export function headRequests(sync: Sync): PullRequest[] {
  const { connector, claim, source, startedAt } = sync
  const lastDay = source.lastSyncTime && dayInZone(source.lastSyncTime, 'UTC')
  return incrementalWindows(connector.history, lastDay, dayInZone(startedAt, 'UTC')).map((window) => ({
    mode: claim.lane === 0 ? 'hint' : 'incremental',
    window,
    cursor: ownsCursor(sync) ? (source.cursor as JsonValue) : null,
  }))
}

/** Everything came; behind the first time, history is due. */
export function headDone(sync: Sync): Ended {
  const { scheduler, connector, source, startedAt } = sync
  const now = scheduler.clock()
  const left =
    source.lastSyncTime === null ? firstBackfill(connector.history, dayInZone(startedAt, 'UTC')) : null
  return {
    end: {
      ...baseOf(sync),
      outcome: 'done',
      head: { lastSyncTime: startedAt, nextSyncAt: nextTime(sync, now), lane: 1, attempts: 0 },
      caughtUp: true,
      statusMessage: null,
      ...(left && { backfill: { ...left, cursor: null, at: now, attempts: 0 } }),
    },
    providerFailed: false,
  }
}

export async function headFailed(sync: Sync, request: PullRequest, error: unknown): Promise<Ended> {
  const { scheduler, source } = sync
  const failure = await judgeFailure(sync, error, source.attempts)
  if (failure.kind === 'later')
    return { end: headLater(sync, failure.at, failure.message), providerFailed: false }
  const { message } = failure
  const failed = { ...baseOf(sync), outcome: 'failed', message, statusMessage: message } as const
  const head = {
    lastSyncTime: null,
    lane: 1,
    nextSyncAt: nextTime(sync, scheduler.clock()),
    attempts: 0,
  } as const
  switch (failure.kind) {
    case 'owner':
      return { end: { ...failed, status: failure.status, head }, providerFailed: false }
    case 'retry':
      return {
        end: { ...failed, head: { ...head, nextSyncAt: failure.at, attempts: source.attempts + 1 } },
        providerFailed: true,
      }
    case 'dead': {
      const again = { mode: 'incremental', window: request.window, cursor: request.cursor } as const
      return {
        end: { ...failed, head, deadLetter: letterOf(again, failure, source.attempts + 1) },
        providerFailed: true,
      }
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
    },
  }
}

function baseOf({ claim, startedAt }: Sync) {
  return { subject: claim.lane === 0 ? 'hint' : 'incremental', startedAt }
}

function nextTime({ connector, claim, source }: Sync, now: Date): Date {
  const { timeZone, lastSeenAt } = source
  return nextSync({ sourceId: claim.sourceId, schedule: connector.schedule, timeZone, lastSeenAt }, now)
}
