import type { JsonValue } from '../connectors/json.ts'
import { backfillAfter, backfillWindow, type Window } from '../connectors/windows.ts'
import type { SyncEnd } from '../db/sync-pages.ts'
import { judgeFailure, letterOf, openRun, type Sync } from './sync.ts'
import { runPull } from './sync-run.ts'

/** The next window of history, or on from the cursor of it. */
export async function syncBackfill(sync: Sync): Promise<SyncEnd> {
  const { scheduler, connector, source, startedAt } = sync
  const base = { subject: 'backfill', startedAt }
  const left = source.backfill
  if (left === null) return { ...base, outcome: 'done', backfill: nothingLeft(sync) }
  const window = backfillWindow(connector.history, left)
  const request = { mode: 'backfill', window, cursor: source.backfillCursor as JsonValue } as const
  try {
    await runPull(await openRun(sync), { request, keep: true })
    return { ...base, outcome: 'done', backfill: behind(sync, left, window) }
  } catch (error) {
    const attempts = source.backfillAttempts
    const failure = await judgeFailure(sync, error, attempts)
    if (failure.kind === 'later')
      return { ...base, outcome: 'yielded', backfill: stay(sync, failure.at, attempts) }
    const { message } = failure
    const failed = { ...base, outcome: 'failed', message } as const
    switch (failure.kind) {
      case 'owner': {
        const backfill = stay(sync, scheduler.clock(), 0)
        return { ...failed, status: failure.status, statusMessage: message, backfill }
      }
      case 'retry':
        return { ...failed, backfill: stay(sync, failure.at, attempts + 1) }
      case 'dead': {
        const deadLetter = letterOf(request, failure, attempts + 1)
        return { ...failed, backfill: behind(sync, left, window), deadLetter }
      }
    }
  }
}

/** As it was, to go on at `at`. */
export function stay({ source }: Sync, at: Date, attempts: number): NonNullable<SyncEnd['backfill']> {
  return { from: source.backfill?.from ?? null, to: source.backfill?.to ?? null, at, attempts }
}

/** What is left behind a window, whether it was read or given up. */
function behind(sync: Sync, left: Window, window: Window): NonNullable<SyncEnd['backfill']> {
  const { windowDays } = sync.connector.history
  const rest = windowDays === undefined ? null : backfillAfter(left, window)
  return rest === null
    ? nothingLeft(sync)
    : { ...rest, cursor: null, at: sync.scheduler.clock(), attempts: 0 }
}

function nothingLeft({ scheduler }: Sync): NonNullable<SyncEnd['backfill']> {
  return { from: null, to: null, cursor: null, at: scheduler.clock(), attempts: 0 }
}
