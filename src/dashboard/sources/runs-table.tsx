import { counted } from '../format/counts.ts'
import type { Source } from '../queries.ts'
import { Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { TableScroll } from '../ui/table-scroll.tsx'
import { type SourceRun, useRuns } from './source-queries.ts'
import { When } from './when.tsx'

/** The syncs of a source, or the files that were imported into it. */
export function RunsTable({ source }: { source: Source }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useRuns(source)
  const runs = data?.pages.flatMap((page) => page.runs)
  const isFile = source.type === 'file'
  return (
    <section class="card stack" aria-labelledby="source-runs">
      <h2 id="source-runs">{isFile ? 'Imports' : 'Syncs'}</h2>
      {!runs && !error && <Skeleton />}
      <Problem error={error} retry={() => refetch()} />
      {runs?.length === 0 && (
        <p class="soft">{isFile ? 'No file was imported yet.' : 'There was none yet.'}</p>
      )}
      {runs && runs.length > 0 && (
        <TableScroll label={isFile ? 'Table of imports' : 'Table of syncs'}>
          <table>
            <thead>
              <tr>
                <th scope="col">{isFile ? 'File' : 'What was read'}</th>
                <th scope="col">When</th>
                <th scope="col">Took</th>
                <th scope="col">Outcome</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <Row key={run.id} run={run} isFile={isFile} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {hasNextPage && (
        <button
          type="button"
          class="button small"
          disabled={isFetchingNextPage}
          onClick={() => fetchNextPage()}
        >
          Show older ones
        </button>
      )}
    </section>
  )
}

function Row({ run, isFile }: { run: SourceRun; isFile: boolean }) {
  return (
    <tr>
      <th scope="row" class="source-message">
        {isFile ? run.subject : (subjects[run.subject] ?? run.subject)}
      </th>
      <td>
        <When at={run.startedAt} />
      </td>
      <td>{run.endedAt === null ? 'Goes on' : durationOf(run.startedAt, run.endedAt)}</td>
      <td class="source-message">
        {outcomeOf(run)}
        {run.message !== null && (
          <span class={run.outcome === 'failed' ? 'bad-text' : 'soft'}> {run.message}</span>
        )}
      </td>
    </tr>
  )
}

const subjects: Record<string, string> = {
  incremental: 'What is new',
  hint: 'What is new, on demand',
  backfill: 'History',
  'dead letters': 'Failed fetches, again',
}

function outcomeOf({ outcome, added, changed, removed }: SourceRun): string {
  const counts = [
    added > 0 && `${counted(added, 'row')} added`,
    changed > 0 && `${counted(changed, 'row')} changed`,
    removed > 0 && `${counted(removed, 'row')} removed`,
  ].filter(Boolean)
  const said = counts.length > 0 ? counts.join(', ') : outcome === null ? 'Nothing yet' : 'Nothing new'
  if (outcome === 'failed') return counts.length > 0 ? `Failed after ${said}.` : 'Failed.'
  if (outcome === 'yielded') return `Interrupted, goes on later: ${lower(said)}.`
  return `${said}.`
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function durationOf(from: string, to: string): string {
  const seconds = Math.round((Date.parse(to) - Date.parse(from)) / 1000)
  if (seconds < 1) return 'Under a second'
  if (seconds < 60) return counted(seconds, 'second')
  return counted(Math.round(seconds / 60), 'minute')
}
