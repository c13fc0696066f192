import type { ComponentChildren } from 'preact'
import { firstDay, isDay, lastDay } from '../../calendar.ts'
import { readAmount, typedAmount } from '../format/read-amount.ts'
import { useAccounts } from '../queries.ts'
import { Field, SelectField } from '../ui/field.tsx'
import type { ChangeFilters, FilterName, Filters } from './filters.ts'
import { SuggestField } from './suggest-field.tsx'
import type { Suggestions } from './suggestions.ts'
import { useDraft } from './use-draft.ts'

interface Props {
  filters: Filters
  change: ChangeFilters
  faults: Map<string, string>
  suggestions: Suggestions
}

/** Every filter but the search. */
export function FilterFields({ filters, change, faults, suggestions }: Props) {
  const { data: accounts } = useAccounts()
  const common = (name: FilterName) => ({
    name,
    value: filters[name] ?? '',
    fault: faults.get(name),
    change,
  })
  return (
    <>
      <ChosenFilter label="Account" {...common('accountId')}>
        <option value="">All accounts</option>
        {accounts?.accounts.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </ChosenFilter>
      <DayFilter label="From" {...common('from')} />
      <DayFilter label="To" {...common('to')} />
      <ChosenFilter label="Status" {...common('status')}>
        <option value="">Any status</option>
        <option value="posted">Posted</option>
        <option value="pending">Pending</option>
        <option value="requested">Requested</option>
      </ChosenFilter>
      <TypedFilter
        label="Category"
        {...common('category')}
        maxLength={100}
        suggestions={suggestions.categories}
      />
      <TypedFilter label="Tag" {...common('tag')} maxLength={50} suggestions={suggestions.tags} />
      <TypedFilter label="Kind" {...common('kind')} maxLength={200} suggestions={suggestions.kinds} />
      <TypedFilter label="Asset" {...common('asset')} maxLength={32} suggestions={suggestions.assets} />
      <AmountFilter label="Least amount" hint="Spent is below zero." {...common('min')} />
      <AmountFilter label="Greatest amount" {...common('max')} />
    </>
  )
}

interface FilterProps {
  label: string
  name: FilterName
  value: string
  fault: string | undefined
  change: ChangeFilters
}

function ChosenFilter({ name, change, ...field }: FilterProps & { children: ComponentChildren }) {
  return <SelectField {...field} onChange={({ currentTarget }) => change({ [name]: currentTarget.value })} />
}

function DayFilter({ name, value, change, ...field }: FilterProps) {
  const draft = useDraft(value, (typed) => {
    // While a year is typed, the browser gives days of the first centuries.
    if (typed !== '' && !isDay(typed)) return value
    change({ [name]: typed }, { replace: true })
    return typed
  })
  return <Field {...field} {...draft} type="date" min={firstDay} max={lastDay} />
}

function TypedFilter({
  name,
  value,
  change,
  ...field
}: FilterProps & { suggestions: string[]; maxLength: number }) {
  const draft = useDraft(value, (typed) => {
    change({ [name]: typed.trim() }, { replace: true })
    return typed.trim()
  })
  return <SuggestField {...field} {...draft} />
}

/** What is no number, or may be two, is told at once, and narrows nothing. */
function AmountFilter({ name, value, change, fault, ...field }: FilterProps & { hint?: string }) {
  const draft = useDraft(
    value,
    (typed) => {
      const read = readAmount(typed)
      if (read?.fault !== undefined) return value
      change({ [name]: read?.amount ?? '' }, { replace: true })
      return read?.amount ?? ''
    },
    typedAmount,
  )
  const read = readAmount(draft.value)
  return <Field {...field} {...draft} fault={read?.fault ?? fault} autocomplete="off" />
}
