import './net-worth.css'
import { formatDay } from '../format/dates.ts'
import { useAccounts, useSources } from '../queries.ts'
import { Problem } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ChartSection } from './chart-section.tsx'
import { Controls } from './controls.tsx'
import { Headline } from './headline.tsx'
import { PartsTable } from './parts-table.tsx'
import { Trust } from './trust.tsx'
import { useRefreshAsSourcesGoOn } from './use-refresh.ts'
import { useSeries } from './use-series.ts'
import { Welcome } from './welcome.tsx'

/** What one is worth, how it came about, what it is made of, and how far it can be trusted. */
export function NetWorthPage() {
  const { data, isOld, isFetching, error, refetch, today } = useSeries()
  const accountsQuery = useAccounts()
  const sourcesQuery = useSources()
  useRefreshAsSourcesGoOn(sourcesQuery.data?.sources)
  // The chart is whole without its marks: what they are read from may fail.
  const accounts = accountsQuery.data?.accounts ?? (accountsQuery.error ? [] : undefined)
  const sources = sourcesQuery.data?.sources ?? (sourcesQuery.error ? [] : undefined)
  const isWhole = data !== undefined && accounts !== undefined && sources !== undefined
  if (isWhole && accountsQuery.data?.accounts.length === 0 && sourcesQuery.data?.sources.length === 0)
    return (
      <Page title="Net worth">
        <Welcome />
      </Page>
    )
  return (
    <Page title="Net worth">
      <section class={`card net-worth${isOld ? ' old' : ''}`} aria-busy={isFetching}>
        {isWhole ? <Headline series={data.series} /> : !error && <Skeleton lines={1} height="3.25rem" />}
        <Controls series={data?.series} today={today} />
        <Problem error={error} retry={() => void refetch()} />
        {error !== null && data && (
          <p class="hint">
            Shown is still {formatDay(data.series.from)} to {formatDay(data.series.to)}.
          </p>
        )}
        {isWhole ? (
          <ChartSection {...data} today={today ?? data.series.to} accounts={accounts} sources={sources} />
        ) : (
          !error && <Skeleton lines={1} height="24rem" />
        )}
      </section>
      <Problem error={accountsQuery.error} retry={() => void accountsQuery.refetch()} />
      <Problem error={sourcesQuery.error} retry={() => void sourcesQuery.refetch()} />
      {isWhole && <PartsTable {...data} />}
      {isWhole && <Trust series={data.series} accounts={accounts} sources={sources} />}
    </Page>
  )
}
