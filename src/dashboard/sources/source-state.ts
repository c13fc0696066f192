import { formatDay, formatMonth } from '../format/dates.ts'
import type { Source } from '../queries.ts'

export interface SourceState {
  badge: string
  kind: '' | 'good' | 'warning' | 'bad'
  /** How it stands, and what its owner has to do, where that is anything. */
  text: string
}

/** How a source stands, in words. */
export function stateOf(source: Source, now: number): SourceState {
  const { status, running, backfill, lastSyncTime, nextSyncAt, statusMessage } = source
  const said = statusMessage === null ? '' : ` ${sentence(statusMessage)}`
  switch (status) {
    case 'paused':
      return { badge: 'Paused', kind: 'warning', text: `It is not synced until you resume it.${said}` }
    case 'reauth':
      return {
        badge: 'Sign in again',
        kind: 'bad',
        text: `The provider takes its credentials no more: give new ones.${said}`,
      }
    case 'revoked':
      return {
        badge: 'Access revoked',
        kind: 'bad',
        text: `The provider has ended the access: give new credentials, or remove the source.${said}`,
      }
    case 'payment':
      return {
        badge: 'Payment wanted',
        kind: 'bad',
        text: `The provider wants to be paid: see to that there, then let it go on here.${said}`,
      }
  }
  if (isOwn(source)) return { badge: 'Ready', kind: 'good', text: ownText(source) }
  if (running && lastSyncTime === null)
    return { badge: 'First sync', kind: 'good', text: 'Its accounts and transactions are being read.' }
  const isDue = nextSyncAt !== null && Date.parse(nextSyncAt) <= now
  if (running && backfill === null)
    return { badge: 'Syncing now', kind: 'good', text: 'What is new is being read.' }
  if (isDue && !running)
    return { badge: 'Due', kind: '', text: `It is synced as soon as its turn comes.${said}` }
  if (statusMessage !== null)
    return {
      badge: 'Needs a look',
      kind: 'warning',
      text: `It goes on by itself. ${sentence(statusMessage)}`,
    }
  if (backfill !== null) return { badge: 'Reading history', kind: 'good', text: historyText(backfill) }
  return { badge: 'Active', kind: 'good', text: 'It syncs by itself.' }
}

/** What is left of the history, which is read from its newest days back. */
export function historyText({ from, to }: { from: string; to: string }): string {
  return `History is read back to ${formatMonth(from)}; ${formatDay(from)} to ${formatDay(to)} is left.`
}

/** No connector syncs it: statement files, and what is entered by hand. */
export function isOwn({ type }: { type: string }): boolean {
  return type === 'file' || type === 'manual'
}

export function nameOf(source: Source): string {
  if (source.type === 'file') return 'Statement files'
  return source.type === 'manual' ? 'Kept by hand' : source.name
}

function ownText({ type }: Source): string {
  return type === 'file' ? 'It holds what you upload.' : 'It holds the accounts that you keep yourself.'
}

/** What was said, begun and ended as sentences are. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
