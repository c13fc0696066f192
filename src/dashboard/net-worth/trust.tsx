import type { ComponentChildren } from 'preact'
import { Link } from 'wouter-preact'
import type { Answer } from '../api.ts'
import { formatAgo, formatDay } from '../format/dates.ts'
import type { Source } from '../queries.ts'
import { doubtsOf } from '../sources/source-doubts.ts'
import { nameOf } from '../sources/source-state.ts'
import { useNow } from '../sources/when.tsx'
import { Money } from '../ui/money.tsx'
import { missingIn, type Series } from './series.ts'

type Account = Answer<'listAccounts'>['accounts'][number]

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
  const doubts = [...missingPrices(series), ...differences(accounts), ...doubtfulSources(sources, useNow())]
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
  const lastDay = series.points.at(-1)?.date
  return [...missingIn(series)].map(([asset, last]) => ({
    key: `price ${asset}`,
    kind: last === lastDay ? 'bad' : 'warning',
    badge: 'No price',
    text: (
      <>
        <strong>{asset}</strong>{' '}
        {last === lastDay
          ? `is left out of every value: no price of it in ${series.currency} is known up to ${formatDay(last)}.`
          : `is left out of the values until ${formatDay(last)}: no price of it in ${series.currency} is known for the days until then.`}{' '}
        Whoever runs this Tidemark can import prices (<code>tidemark import-prices</code>).
      </>
    ),
  }))
}

function differences(accounts: Account[]): Doubt[] {
  return accounts.flatMap((account) =>
    account.reconciliation
      .filter(({ difference }) => difference !== '0')
      .map(({ asset, difference, reportedOn, setByHand }) => ({
        key: `difference ${account.id} ${asset}`,
        kind: 'warning' as const,
        badge: 'Difference',
        text: (
          <>
            <Link href={`/accounts/${account.id}`}>{account.name}</Link> differs by{' '}
            <Money amount={difference.replace('-', '')} asset={asset} exact /> from what{' '}
            {setByHand ? 'was set by hand for' : 'its source reported on'} {formatDay(reportedOn)}: a
            transaction is missing, or is there twice.
          </>
        ),
      })),
  )
}

function doubtfulSources(sources: Source[], now: number): Doubt[] {
  return sources.flatMap((source) =>
    doubtsOf(source, now).map(({ about, kind, badge, text }, index) => ({
      key: `source ${source.id} ${about}`,
      kind,
      badge,
      text: (
        <>
          <Link href={`/sources/${source.id}`}>{nameOf(source)}</Link>: {text}
          {index === 0 &&
            about !== 'history' &&
            source.lastSyncTime !== null &&
            ` What you see of it is from ${formatAgo(source.lastSyncTime, now)}.`}
        </>
      ),
    })),
  )
}
