import { useEffect, useState } from 'preact/hooks'
import { preferences } from '../../preferences.ts'
import { SelectField } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { type CsvColumns, cellsAt, chooseColumn, guessColumns, mappingOf } from './csv-columns.ts'
import { type CsvColumn, type CsvShape, csvShapeOf, headLength } from './csv-shape.ts'
import { DateFormatField } from './date-format-field.tsx'

/** Asks which column of a CSV is what, with a first guess. The file is looked at where it is. */
export function MappingFields({ file, onChange }: { file: File; onChange: (mapping: string) => void }) {
  const [shape, setShape] = useState<CsvShape | null>()
  const [chosen, setChosen] = useState<CsvColumns>()
  useEffect(() => {
    void readHead(file).then((found) => {
      setShape(found ?? null)
      if (found) setChosen(guessColumns(found))
    })
  }, [file])
  useEffect(() => {
    if (shape && chosen) onChange(mappingOf(shape, chosen))
  }, [shape, chosen])
  if (shape === null) return <Notice kind="bad">Its text is in no columns.</Notice>
  if (!shape || !chosen) return null
  /** `none`: what it is called where no column is it; without it, one has to be. */
  const field = (name: keyof CsvColumns, label: string, none?: string) => (
    <SelectField
      label={label}
      required={none === undefined}
      value={chosen[name]}
      onChange={({ currentTarget }) => setChosen(chooseColumn(shape, chosen, name, currentTarget.value))}
    >
      <option value="">{none ?? 'Choose one'}</option>
      {shape.columns.map((column, index) => (
        <option key={`${index} ${column.name}`} value={String(index + 1)}>
          {titleOf(column, index)}
        </option>
      ))}
    </SelectField>
  )
  return (
    <div class="upload-options">
      {field('date', 'Day')}
      <DateFormatField
        cells={cellsAt(shape, chosen.date)}
        value={chosen.dateFormat}
        onChange={(dateFormat) => setChosen({ ...chosen, dateFormat })}
      />
      {field('amount', 'Amount', 'In two columns')}
      {chosen.amount === '' && field('debit', 'Money out')}
      {chosen.amount === '' && field('credit', 'Money in')}
      <SelectField
        label="Amounts are written as"
        required
        {...(chosen.decimal === '' && { hint: 'Its amounts leave it open.' })}
        value={chosen.decimal}
        onChange={({ currentTarget }) => setChosen({ ...chosen, decimal: currentTarget.value as '.' | ',' })}
      >
        {chosen.decimal === '' && <option value="">Choose one</option>}
        <option value=".">1,234.56</option>
        <option value=",">1.234,56</option>
      </SelectField>
      {field('description', 'Description (optional)', 'None')}
      {field('counterparty', 'Counterparty (optional)', 'None')}
      {field('balance', 'Balance (optional)', 'None')}
    </div>
  )
}

async function readHead(file: File): Promise<CsvShape | undefined> {
  return csvShapeOf(new Uint8Array(await file.slice(0, headLength).arrayBuffer()))
}

/** With what stands in its first row, which may be an amount. */
function titleOf({ name, cells: [sample = ''] }: CsvColumn, index: number): string {
  const title = name === '' ? `Column ${index + 1}` : name
  return sample === '' || preferences.value.privacy ? title : `${title}: ${sample.slice(0, 40)}`
}
