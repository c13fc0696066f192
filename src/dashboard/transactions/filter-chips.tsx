import type { ComponentChildren } from 'preact'
import { isDay } from '../../calendar.ts'
import { parseDecimal } from '../../decimal.ts'
import { formatDay } from '../format/dates.ts'
import { useAccounts } from '../queries.ts'
import { Quantity } from '../ui/money.tsx'
import { type ChangeFilters, type FilterName, type Filters, filterNames } from './filters.ts'

const labels: Record<FilterName, string> = {
  q: 'Search',
  accountId: 'Account',
  from: 'From',
  to: 'To',
  status: 'Status',
  category: 'Category',
  tag: 'Tag',
  kind: 'Kind',
  asset: 'Asset',
  min: 'At least',
  max: 'At most',
}

/** What the list is narrowed by, each to be taken away. */
export function FilterChips({
  filters,
  change,
  clear,
}: {
  filters: Filters
  change: ChangeFilters
  clear: () => void
}) {
  const active = filterNames.filter((name) => filters[name])
  if (active.length === 0) return null
  return (
    <ul class="tx-chips" aria-label="Active filters">
      {active.map((name) => (
        <li key={name}>
          <button type="button" class="tx-chip" onClick={() => change({ [name]: '' })}>
            <span class="visually-hidden">Remove filter </span>
            <span class="soft">{labels[name]} </span>
            <Value name={name} value={filters[name]!} />
            <span aria-hidden="true"> ✕</span>
          </button>
        </li>
      ))}
      <li>
        <button type="button" class="button plain small" onClick={clear}>
          Clear all
        </button>
      </li>
    </ul>
  )
}

/** As the field shows it; what the API will refuse, as it was given. */
function Value({ name, value }: { name: FilterName; value: string }): ComponentChildren {
  const { data } = useAccounts()
  if (name === 'accountId') return data?.accounts.find(({ id }) => id === value)?.name ?? value
  if (name === 'min' || name === 'max')
    return parseDecimal(value) === undefined ? value : <Quantity amount={value} />
  if (name === 'from' || name === 'to') return isDay(value) ? formatDay(value) : value
  return value
}
