import { counted } from '../format/counts.ts'
import type { Source } from '../queries.ts'
import { isOwn, sentence, stateOf } from './source-state.ts'

export interface SourceDoubt {
  about: 'state' | 'age' | 'history'
  badge: string
  kind: 'warning' | 'bad'
  text: string
}

/** Milliseconds; sources whose owner looks at them are synced several times a day. */
const staleAfter = 2 * 86_400_000

/** Why what is known of a source may be old, or not whole. Every page tells it by this, the gravest first. */
export function doubtsOf(source: Source, now: number): SourceDoubt[] {
  const { lastSyncTime, deadLetters } = source
  const doubts = doubtsOfState(source, now)
  if (!isOwn(source) && lastSyncTime !== null && now - Date.parse(lastSyncTime) > staleAfter)
    doubts.push({
      about: 'age',
      badge: 'Out of date',
      kind: 'warning',
      text: 'What is newer than its last sync is not counted yet.',
    })
  if (deadLetters > 0)
    doubts.push({
      about: 'history',
      badge: 'Failed fetches',
      kind: 'warning',
      text: `${counted(deadLetters, 'fetch', 'fetches')} failed in the end, so a part of its history may be missing. Try again on its page.`,
    })
  return doubts
}

function doubtsOfState(source: Source, now: number): SourceDoubt[] {
  const { status, statusMessage } = source
  if (status === 'active') {
    if (statusMessage === null) return []
    // It stays so while the next try is due, or runs.
    const text = `It could not be synced the last time. ${sentence(statusMessage)}`
    return [{ about: 'state', badge: 'Needs a look', kind: 'warning', text }]
  }
  const { badge, kind, text } = stateOf(source, now)
  return [{ about: 'state', badge, kind: kind === 'bad' ? 'bad' : 'warning', text }]
}
