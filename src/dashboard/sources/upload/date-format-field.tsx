import { formatDay } from '../../format/dates.ts'
import { SelectField } from '../../ui/field.tsx'
import { dateFormats, dayIn, fittingFormats, telling } from './csv-dates.ts'

/** Asks how the days of a column are written, and shows which day one of them is under each choice. */
export function DateFormatField({
  cells,
  value,
  onChange,
}: {
  cells: string[]
  value: string
  onChange: (format: string) => void
}) {
  const fitting = fittingFormats(cells)
  const sample = telling(cells, fitting)
  const meaning = (format: string) => {
    const day = sample === undefined ? undefined : dayIn(format, sample)
    return day === undefined ? format : `${format}: ${formatDay(day)}`
  }
  return (
    <SelectField
      label="Days are written as"
      required
      hint={hintOf(fitting, sample)}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {value === '' && <option value="">Choose one</option>}
      {dateFormats.map((format) => (
        <option key={format} value={format}>
          {meaning(format)}
        </option>
      ))}
    </SelectField>
  )
}

function hintOf(fitting: string[], sample: string | undefined): string | undefined {
  if (sample === undefined) return undefined
  if (fitting.length === 0) return 'None of these fits all of its days.'
  return fitting.length > 1 ? `Its days fit more than one. Which day is ${sample}?` : undefined
}
