import type { ComponentChildren } from 'preact'
import { Link } from 'wouter-preact'
import type { Answer } from '../api.ts'
import { formatAgo, formatDay } from '../format/dates.ts'
import type { Source } from '../queries.ts'
import { Money } from '../ui/money.tsx'
import { missingIn, type Series } from './series.ts'

type Account = Answer<'listAccounts'>['accounts'][number]

/** Days behind which a source that syncs by itself counts as stale. */
const staleDays = 3

/** How far the numbers can be trusted, and what to do where they cannot. Nothing where there is nothing to say. */
export function Trust({
  series,
  accounts,
  sources,
}: {
  series: Series
  accounts: Account[]
  sources: Source[]
}) {
  const doubts = [...missingPrices(series), ...differences(accounts), ...staleSources(sources)]
  if (doubts.length === 0) return null
  return (
    <section class="card trust">
      <div class="card-head">
        <h2>What to look after</h2>
      </div>
      <ul>
        {doubts.map(({ key, badge, kind, text }) => (
          <li key={key}>
            <span class={`badge ${kind}`}>{badge}</span> {text}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface Doubt {
  key: string
  kind: 'warning' | 'bad'
  badge: string
  text: ComponentChildren
}

function missingPrices(series: Series): Doubt[] {
  const today = series.points.at(-1)?.date
  return [...missingIn(series)].map(([asset, last]) => ({
    key: `price ${asset}`,
    kind: last === today ? 'bad' : 'warning',
    badge: 'No price',
    text: (
      <>
        <strong>{asset}</strong> is left out{' '}
        {last === today ? 'of every value' : `of values until ${formatDay(last)}`}: no price of it in{' '}
        {series.currency} is known. Whoever runs this Tidemark can import one (
        <code>tidemark import-prices</code>).
      </>
    ),
  }))
}

function differences(accounts: Account[]): Doubt[] {
  return accounts.flatMap((account) =>
    account.reconciliation
      .filter(({ difference }) => difference !== '0')
      .map(({ asset, difference, reportedOn }) => ({
        key: `difference ${account.id} ${asset}`,
        kind: 'warning' as const,
        badge: 'Difference',
        text: (
          <>
            <Link href={`/accounts/${account.id}`}>{account.name}</Link>: its source reported{' '}
            <Money amount={difference} asset={asset} signed /> against what its transactions add up to on{' '}
            {formatDay(reportedOn)}. A transaction is missing, or is there twice.
          </>
        ),
      })),
  )
}

function staleSources(sources: Source[]): Doubt[] {
  return sources.flatMap((source) => {
    const doubt = doubtOf(source)
    if (doubt === undefined) return []
    const text = (
      <>
        <Link href={`/sources/${source.id}`}>{source.name}</Link> {doubt.text}
        {source.lastSyncTime && ` What you see of it is from ${formatAgo(source.lastSyncTime)}.`}
      </>
    )
    return [{ key: `source ${source.id}`, kind: doubt.kind, badge: doubt.badge, text }]
  })
}

function doubtOf({
  status,
  statusMessage,
  lastSyncTime,
  nextSyncAt,
}: Source): Doubt | undefined | Omit<Doubt, 'key'> {
  if (status === 'reauth' || status === 'revoked')
    return { kind: 'bad', badge: 'Sign in', text: 'wants you to sign in again.' }
  if (status === 'payment')
    return { kind: 'bad', badge: 'Payment', text: 'wants to be paid before it goes on.' }
  if (status === 'paused') return { kind: 'warning', badge: 'Paused', text: 'is paused.' }
  const age = lastSyncTime === null ? 0 : Date.now() - Date.parse(lastSyncTime)
  if (nextSyncAt !== null && age > staleDays * 86_400_000)
    return {
      kind: 'warning',
      badge: 'Stale',
      text: `has not been synced for days.${statusMessage ? ` ${statusMessage}.` : ''}`,
    }
  if (statusMessage !== null && nextSyncAt !== null)
    return { kind: 'warning', badge: 'Failing', text: `could not be synced the last time: ${statusMessage}.` }
  return undefined
}
