import { counted, formatSpan } from '../format/counts.ts'
import type { SourceType } from './source-queries.ts'

/** How far back a provider's history goes. */
export function historyWords({ id, history }: SourceType): string {
  const { maxDays } = history
  if (maxDays === null) return id === 'file' ? 'as far back as your files go.' : 'all that there is.'
  if (maxDays >= 365) return `up to ${counted(Math.round(maxDays / 365.25), 'year')} back.`
  return `up to ${counted(maxDays, 'day')} back.`
}

/** What the provider allows, which the syncs keep to. */
export function limitWords({ limits }: SourceType): string | undefined {
  if (limits.length === 0) return undefined
  return `Its provider allows ${limits
    .map(({ max, per, scope }) => `${counted(max, 'request')} in ${formatSpan(per)} ${scopes[scope]}`)
    .join(', and ')}; syncs keep to that.`
}

const scopes = {
  client: 'for this installation',
  connection: 'for each connection',
  account: 'for each account',
}
