import { useMemo, useRef } from 'preact/hooks'
import type uPlot from 'uplot'
import { formatMonth } from '../format/dates.ts'
import { prefer, preferences } from '../preferences.ts'
import type { Source } from '../queries.ts'
import { type AccountSince, marksOf } from './chart/marks.ts'
import { NetWorthChart } from './chart/net-worth-chart.tsx'
import { downloadCsv, downloadPng } from './downloads.ts'
import { historyOf } from './history.ts'
import { NumbersTable } from './numbers-table.tsx'
import { writeRange } from './ranges.ts'
import type { Group, Series } from './series.ts'
import { summaryOf } from './summary.ts'

/** The chart with what explains it, and its numbers in other forms. */
export function ChartSection({
  series,
  groups,
  today,
  accounts,
  sources,
}: {
  series: Series
  groups: Group[]
  today: string
  accounts: AccountSince[]
  sources: Source[]
}) {
  const plot = useRef<uPlot>()
  const marks = useMemo(() => marksOf(series, accounts), [series, accounts])
  const { privacy } = preferences.value
  if (series.points.length === 0) return <p>There is nothing in this range.</p>
  return (
    <>
      <History sources={sources} />
      <NetWorthChart
        {...{ series, groups, marks }}
        onSelect={(from, to) => prefer({ range: writeRange(from, to, today) })}
        onDrawn={(drawn) => {
          plot.current = drawn
        }}
      />
      <ChartNotes series={series} beginnings={marks.begins.size} />
      <div class="actions">
        {!privacy && (
          <button type="button" class="button small" onClick={() => downloadCsv(series)}>
            Download CSV
          </button>
        )}
        <button
          type="button"
          class="button small"
          onClick={() =>
            plot.current && downloadPng(plot.current, series, summaryOf(series, { privacy })[0]!)
          }
        >
          Download PNG
        </button>
      </div>
      <NumbersTable series={series} />
    </>
  )
}

/** What lies further back is not all there yet: "History back to April 2023, 7 of 11 sources". */
function History({ sources }: { sources: Source[] }) {
  const progress = historyOf(sources)
  if (!progress) return null
  const { backTo, complete, all } = progress
  return (
    <p class="history" role="status">
      <span class="badge warning">
        {backTo ? `History back to ${formatMonth(backTo)}` : 'History is being read'}, {complete} of {all}{' '}
        {all === 1 ? 'source' : 'sources'}
      </span>
    </p>
  )
}

function ChartNotes({ series: { points }, beginnings }: { series: Series; beginnings: number }) {
  const has = (quality: string) => points.some((point) => point.quality === quality)
  return (
    <div class="chart-notes">
      <span class="with-mouse">Drag across the chart to look closer</span>
      {beginnings > 0 && <span>▲ an account begins</span>}
      {has('carried') && (
        <span>
          <span class="quality-key" />a price of an earlier day was used
        </span>
      )}
      {has('incomplete') && (
        <span>
          <span class="quality-key incomplete" />
          something without a price is left out
        </span>
      )}
    </div>
  )
}
