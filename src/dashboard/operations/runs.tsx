import { useState } from 'preact/hooks'
import { counted } from '../format/counts.ts'
import { SelectField } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { type Provider, type RunFilter, useKeptDays, useRuns, useTitles } from './queries.ts'
import { RunItem } from './run-item.tsx'

const outcomes: { value: RunFilter['outcome']; label: string }[] = [
  { value: 'any', label: 'Any outcome' },
  { value: 'failed', label: 'Failed' },
  { value: 'done', label: 'Done' },
  { value: 'yielded', label: 'Made way' },
  { value: 'running', label: 'Running' },
]

/** The syncs of all connections and the imports of files, the newest first. */
export function Runs({ providers }: { providers: Provider[] }) {
  const [filter, setFilter] = useState<RunFilter>({ outcome: 'any', connector: '' })
  const titleOf = useTitles()
  const keptDays = useKeptDays()
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useRuns(filter)
  const runs = data?.pages.flatMap((page) => page.runs)
  const isFiltered = filter.outcome !== 'any' || filter.connector !== ''
  const connectors = [...providers.map(({ connector }) => connector), 'file']
  return (
    <section class="card stack" aria-labelledby="runs">
      <div class="ops-head">
        <h2 id="runs">Runs</h2>
        <div class="ops-filters">
          <SelectField
            label="Outcome"
            value={filter.outcome}
            onChange={({ currentTarget }) =>
              setFilter({ ...filter, outcome: currentTarget.value as RunFilter['outcome'] })
            }
          >
            {outcomes.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </SelectField>
          <SelectField
            label="Provider"
            value={filter.connector}
            onChange={({ currentTarget }) => setFilter({ ...filter, connector: currentTarget.value })}
          >
            <option value="">All providers</option>
            {connectors.map((connector) => (
              <option key={connector} value={connector}>
                {titleOf(connector)}
              </option>
            ))}
          </SelectField>
        </div>
      </div>
      {!(data && error instanceof TypeError) && <Problem error={error} retry={refetch} />}
      {runs === undefined && !error && <Skeleton lines={5} />}
      {runs?.length === 0 && <p class="soft">{nothing(isFiltered, hasNextPage, keptDays)}</p>}
      {runs && runs.length > 0 && (
        <ul class="ops-list">
          {runs.map((run) => (
            <RunItem key={run.id} run={run} title={titleOf(run.connector)} />
          ))}
        </ul>
      )}
      {hasNextPage && (
        <div class="actions">
          <button
            type="button"
            class="button small"
            disabled={isFetchingNextPage}
            onClick={() => fetchNextPage()}
          >
            Show older runs
          </button>
        </div>
      )}
    </section>
  )
}

function nothing(isFiltered: boolean, goesOn: boolean, keptDays: number): string {
  if (goesOn) return 'None of the newest runs is such a one. There may be some among older ones.'
  return isFiltered
    ? `There is no such run in the last ${counted(keptDays, 'day')}.`
    : 'Nothing ran yet. Syncs and imports stand here as soon as they begin.'
}
