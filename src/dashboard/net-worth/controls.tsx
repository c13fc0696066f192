import { useId, useState } from 'preact/hooks'
import { type Preferences, prefer, preferences } from '../preferences.ts'
import { Field } from '../ui/field.tsx'
import { Segmented } from '../ui/segmented.tsx'
import { isNamed, namedRanges, readOwnRange, writeRange } from './ranges.ts'
import type { Series } from './series.ts'

const rangeOptions = [
  ...namedRanges.map((value) => ({ value: value as string, label: value === 'ALL' ? 'All' : value })),
  { value: 'custom', label: 'Custom' },
]

const breakdowns: [Preferences['by'], string][] = [
  ['none', 'Assets and debts'],
  ['kind', 'Kinds'],
  ['account', 'Accounts'],
  ['asset', 'Assets held'],
  ['source', 'Sources'],
]

const intervals: [Preferences['interval'], string][] = [
  ['auto', 'Automatic'],
  ['day', 'Days'],
  ['week', 'Weeks'],
  ['month', 'Months'],
  ['quarter', 'Quarters'],
  ['year', 'Years'],
]

/** Which range, in what parts, at what grain. */
export function Controls({ series, today }: { series: Series | undefined; today: string | undefined }) {
  const { range, by, interval, fromZero } = preferences.value
  const [isOpen, setOpen] = useState(false)
  const isCustom = isOpen || !isNamed(range)
  return (
    <>
      <div class="chart-controls">
        <Segmented
          label="Range"
          options={rangeOptions}
          value={isCustom ? 'custom' : range}
          onChange={(chosen) => {
            setOpen(chosen === 'custom')
            if (chosen !== 'custom') prefer({ range: chosen })
          }}
        />
        <div class="chart-options">
          <Choice label="By" options={breakdowns} value={by} onChange={(by) => prefer({ by })} />
          <Choice
            label="Grain"
            options={intervals}
            value={interval}
            onChange={(interval) => prefer({ interval })}
          />
          <label>
            <input
              type="checkbox"
              checked={fromZero}
              onChange={({ currentTarget }) => prefer({ fromZero: currentTarget.checked })}
            />
            From zero
          </label>
        </div>
      </div>
      {isCustom && today !== undefined && series !== undefined && (
        <CustomRange key={range} series={series} today={today} />
      )}
    </>
  )
}

function Choice<Value extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string
  options: [Value, string][]
  value: Value
  onChange: (value: Value) => void
}) {
  const id = useId()
  return (
    <div class="choice">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value as Value)}>
        {options.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Begins with the range that was chosen, else with what is shown. */
function CustomRange({ series, today }: { series: Series; today: string }) {
  const own = readOwnRange(preferences.value.range)
  const [from, setFrom] = useState(own?.from ?? series.from)
  const [to, setTo] = useState(own ? (own.to ?? today) : series.to)
  return (
    <form
      class="custom-range"
      onSubmit={(event) => {
        event.preventDefault()
        prefer({ range: writeRange(from, to, today) })
      }}
    >
      <Field
        label="From"
        type="date"
        required
        max={today}
        value={from}
        onInput={({ currentTarget }) => setFrom(currentTarget.value)}
      />
      <Field
        label="To"
        type="date"
        required
        max={today}
        value={to}
        onInput={({ currentTarget }) => setTo(currentTarget.value)}
      />
      <button type="submit" class="button">
        Show
      </button>
    </form>
  )
}
