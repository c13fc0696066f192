import type { JsonValue } from '../connectors/json.ts'
import { backfillAfter, backfillWindow } from '../connectors/windows.ts'
import { queuedDeadLetters } from '../db/dead-letters.ts'
import { type Ended, judgeFailure, letterOf, openRun, type Sync } from './sync.ts'
import { runPull } from './sync-run.ts'

/** Dead letters that are to be run again, or else the next window of history. */
export async function syncBackfill(sync: Sync): Promise<Ended> {
  const { scheduler, connector, claim, source, startedAt } = sync
  const letters = source.hasQueuedLetters ? await queuedDeadLetters(scheduler.db.sql, claim.sourceId) : []
  const base = { subject: letters.length > 0 ? 'dead letters' : 'backfill', startedAt }
  const left = source.backfill
  const stay = (at: Date, attempts: number) => ({
    from: left?.from ?? null,
    to: left?.to ?? null,
    at,
    attempts,
  })
  if (letters.length > 0) {
    const resolved: string[] = []
    const reopened: { id: string; code: string; error: string }[] = []
    for (const letter of letters) {
      try {
        const request = { ...letter.request, cursor: letter.request.cursor as JsonValue }
        const { complete, problems } = await runPull(await openRun(sync), {
          request,
          keep: false,
          letter: letter.id,
        })
        if (!complete) break
        if (problems === 0) resolved.push(letter.id)
        // What could not be used of it may be another failure than the letter's, with a letter of its own.
        else reopened.push({ id: letter.id, code: letter.code, error: letter.error })
      } catch (error) {
        const failure = await judgeFailure(sync, error, 0)
        const backfill = stay(
          failure.kind === 'later' ? failure.at : scheduler.clock(),
          source.backfillAttempts,
        )
        if (failure.kind === 'later')
          return { end: { ...base, outcome: 'yielded', backfill, resolved, reopened }, providerFailed: false }
        const { code, message } = failure
        return {
          end: {
            ...base,
            outcome: 'failed',
            message,
            backfill,
            resolved,
            reopened: [...reopened, { id: letter.id, code, error: message }],
            ...(failure.kind === 'owner' && { status: failure.status, statusMessage: message }),
          },
          providerFailed: failure.kind !== 'owner',
        }
      }
    }
    return {
      end: {
        ...base,
        outcome: 'done',
        resolved,
        reopened,
        backfill: stay(scheduler.clock(), source.backfillAttempts),
      },
      providerFailed: false,
    }
  }

  const nothing = { from: null, to: null, cursor: null, at: scheduler.clock(), attempts: 0 }
  if (left === null) return { end: { ...base, outcome: 'done', backfill: nothing }, providerFailed: false }
  const window = backfillWindow(connector.history, left)
  /** What is left behind the window, whether it was read or given up. */
  const behind = () => {
    const rest = connector.history.windowDays === undefined ? null : backfillAfter(left, window)
    return rest === null ? nothing : { ...rest, cursor: null, at: scheduler.clock(), attempts: 0 }
  }
  const request = { mode: 'backfill', window, cursor: source.backfillCursor as JsonValue } as const
  try {
    const { complete } = await runPull(await openRun(sync), { request, keep: true })
    if (!complete)
      return {
        end: { ...base, outcome: 'yielded', backfill: stay(scheduler.clock(), 0) },
        providerFailed: false,
      }
    return { end: { ...base, outcome: 'done', backfill: behind() }, providerFailed: false }
  } catch (error) {
    const failure = await judgeFailure(sync, error, source.backfillAttempts)
    if (failure.kind === 'later')
      return {
        end: { ...base, outcome: 'yielded', backfill: stay(failure.at, source.backfillAttempts) },
        providerFailed: false,
      }
    const failed = { ...base, outcome: 'failed', message: failure.message } as const
    if (failure.kind === 'owner') {
      const { status, message } = failure
      return {
        end: { ...failed, status, statusMessage: message, backfill: stay(scheduler.clock(), 0) },
        providerFailed: false,
      }
    }
    if (failure.kind === 'retry')
      return {
        end: { ...failed, backfill: stay(failure.at, source.backfillAttempts + 1) },
        providerFailed: true,
      }
    return {
      end: {
        ...failed,
        backfill: behind(),
        deadLetter: letterOf(request, failure, source.backfillAttempts + 1),
      },
      providerFailed: true,
    }
  }
}
