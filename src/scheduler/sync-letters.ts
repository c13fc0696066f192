import type { JsonValue } from '../connectors/json.ts'
import { type DeadLetter, queuedDeadLetters } from '../db/dead-letters.ts'
import type { SyncEnd } from '../db/sync-pages.ts'
import { judgeFailure, openRun, type Sync } from './sync.ts'
import { stay } from './sync-backfill.ts'
import { runPull } from './sync-run.ts'

/**
 * Runs queued dead letters again, each fetch once for all of its letters. The source's own progress stays as it is.
 * Letters of rows end with the page group that the rows were in, where a group says what holds: behind an old cursor of a
 * feed of changes, a later group may have taken back what this one says.
 */
export async function syncLetters(sync: Sync): Promise<SyncEnd> {
  const { scheduler, claim, source, startedAt } = sync
  const base = { subject: 'dead letters', startedAt }
  const { windowDays, separateBackfill } = sync.connector.history
  const oneGroup = windowDays !== undefined || separateBackfill === true
  const resolved: string[] = []
  const reopened: NonNullable<SyncEnd['reopened']> = []
  const told = (at: Date) => ({ backfill: stay(sync, at, source.backfillAttempts), resolved, reopened })
  for (const letters of byFetch(await queuedDeadLetters(scheduler.db.sql, claim.sourceId))) {
    const [{ id, kind, request }] = letters
    try {
      const pull = { ...request, cursor: request.cursor as JsonValue }
      const isRecord = kind === 'record'
      const { problems } = await runPull(await openRun(sync), {
        request: pull,
        keep: false,
        ...(isRecord && oneGroup ? { oneGroup } : { letter: id }),
      })
      // Rows that failed again have opened their letters while they were read; those that are still queued are mended.
      if (isRecord || problems === 0) resolved.push(...letters.map((letter) => letter.id))
      // What could not be used of it may be another failure than the letter's, with a letter of its own.
      else
        reopened.push(...letters.map((letter) => ({ id: letter.id, code: letter.code, error: letter.error })))
    } catch (error) {
      const failure = await judgeFailure(sync, error, 0)
      if (failure.kind === 'later') return { ...base, outcome: 'yielded', ...told(failure.at) }
      const { code, message } = failure
      reopened.push(...letters.map((letter) => ({ id: letter.id, code, error: message })))
      const end = { ...base, outcome: 'failed', message, ...told(scheduler.clock()) } as const
      return failure.kind === 'owner' ? { ...end, status: failure.status, statusMessage: message } : end
    }
  }
  return { ...base, outcome: 'done', ...told(scheduler.clock()) }
}

function byFetch(letters: DeadLetter[]): [DeadLetter, ...DeadLetter[]][] {
  const fetches = new Map<string, [DeadLetter, ...DeadLetter[]]>()
  for (const letter of letters) {
    const key = JSON.stringify([letter.kind, letter.request])
    const known = fetches.get(key)
    if (known) known.push(letter)
    else fetches.set(key, [letter])
  }
  return [...fetches.values()]
}
