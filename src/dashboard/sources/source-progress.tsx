import { dayInZone } from '../../calendar.ts'
import { counted } from '../format/counts.ts'
import { type Source, useMe } from '../queries.ts'
import { type SourceRun, useRuns } from './source-queries.ts'

/** How far the first sync, or the history behind it, has come. */
export function SourceProgress({ source }: { source: Source }) {
  const { data } = useRuns(source)
  const isFirst = source.status === 'active' && source.running && source.lastSyncTime === null
  if (!isFirst && source.backfill === null) return null
  const runs = data?.pages.flatMap((page) => page.runs) ?? []
  const all = data?.pages.at(-1)?.nextCursor === null
  return (
    <div class="stack" role="status">
      {source.backfill && <HistoryBar source={source} left={source.backfill} />}
      {data && <p class="hint">{addedText(runs, all)}</p>}
    </div>
  )
}

function HistoryBar({ source, left }: { source: Source; left: { from: string; to: string } }) {
  const { data: me } = useMe()
  if (!me) return null
  const whole = daysUpTo(dayInZone(new Date(source.createdAt), me.timeZone), left.from)
  const read = whole - daysUpTo(left.to, left.from) - 1
  // What a connector reads in an order of its own tells nothing before its end.
  const known = read > 0 && { value: read }
  return <progress class="source-progress" aria-label="History read" max={whole} {...known} />
}

function daysUpTo(day: string, from: string): number {
  return (Date.parse(day) - Date.parse(from)) / 86_400_000
}

function addedText(runs: SourceRun[], all: boolean): string {
  const added = runs.reduce((sum, run) => sum + run.added, 0)
  const since = all ? 'so far' : `in its last ${runs.length} runs`
  return `${counted(added, 'transaction')} added ${since}.`
}
