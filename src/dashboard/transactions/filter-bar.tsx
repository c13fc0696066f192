import { useState } from 'preact/hooks'
import { Field } from '../ui/field.tsx'
import { FilterFields } from './filter-fields.tsx'
import type { ChangeFilters, Filters } from './filters.ts'
import type { Suggestions } from './suggestions.ts'
import { useDraft } from './use-draft.ts'

/** The search, and the other filters; on a phone these are folded away until they are asked for, or one is refused. */
export function FilterBar({
  filters,
  change,
  faults,
  suggestions,
}: {
  filters: Filters
  change: ChangeFilters
  faults: Map<string, string>
  suggestions: Suggestions
}) {
  const [isOpen, setOpen] = useState(false)
  const search = useDraft(filters.q ?? '', (typed) => {
    change({ q: typed }, { replace: true })
    return typed
  })
  const isRefused = [...faults.keys()].some((name) => name !== 'q')
  const shown = isOpen || isRefused
  const { q, ...folded } = filters
  const count = Object.keys(folded).length
  return (
    <search class="card tx-filters">
      <div class="tx-search">
        <Field
          label="Search"
          type="search"
          placeholder="Description, counterparty, note or category"
          maxLength={200}
          autocomplete="off"
          fault={faults.get('q')}
          {...search}
        />
        <button
          type="button"
          class="button tx-unfold"
          aria-expanded={shown}
          aria-controls="tx-filter-fields"
          onClick={() => setOpen(!shown)}
        >
          Filters{count > 0 && ` (${count})`}
        </button>
      </div>
      <div id="tx-filter-fields" class={shown ? 'tx-filter-fields shown' : 'tx-filter-fields'}>
        <FilterFields filters={filters} change={change} faults={faults} suggestions={suggestions} />
      </div>
    </search>
  )
}
