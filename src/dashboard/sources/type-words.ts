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
    .map(({ max, per, scope }) => `${counted(max, 'request')} in ${spanOf(per)} ${scopes[scope]}`)
    .join(', and ')}; syncs keep to that.`
}

const scopes = {
  client: 'for this installation',
  connection: 'for each connection',
  account: 'for each account',
}

const spans: [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

function spanOf(milliseconds: number): string {
  for (const [unit, length] of spans) {
    const count = milliseconds / length
    if (Number.isInteger(count))
      return count === 1 ? `a ${unit}`.replace('a h', 'an h') : counted(count, unit)
  }
  return `${milliseconds} ms`
}

export function counted(count: number, one: string, more = `${one}s`): string {
  return `${new Intl.NumberFormat(navigator.languages as string[]).format(count)} ${count === 1 ? one : more}`
}
