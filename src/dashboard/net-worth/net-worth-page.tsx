import './net-worth.css'
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
  const { data, error, isFetching, refetch } = useSeries()
  const accounts = useAccounts().data?.accounts
  const sources = useSources().data?.sources
  useRefreshAsSourcesGoOn(sources)
  const isWhole = data !== undefined && accounts !== undefined && sources !== undefined
  if (isWhole && accounts.length === 0 && sources.length === 0)
    return (
      <Page title="Net worth">
        <Welcome />
      </Page>
    )
  return (
    <Page title="Net worth">
      <section class="card net-worth" aria-busy={isFetching}>
        {isWhole ? <Headline series={data.series} /> : !error && <Skeleton lines={1} height="3.25rem" />}
        <Controls series={data?.series} />
        <Problem error={error} retry={() => void refetch()} />
        {isWhole ? (
          <ChartSection {...data} accounts={accounts} sources={sources} />
        ) : (
          !error && <Skeleton lines={1} height="24rem" />
        )}
      </section>
      {isWhole && <PartsTable {...data} />}
      {isWhole && <Trust series={data.series} accounts={accounts} sources={sources} />}
    </Page>
  )
}
