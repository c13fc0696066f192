import type { AccountKind } from '../../page.ts'
import { SelectField } from '../ui/field.tsx'
import { allKinds } from './account-kinds.ts'

export function KindField({
  value,
  fault,
  disabled = false,
  onChange,
}: {
  value: AccountKind
  fault?: string | undefined
  disabled?: boolean
  onChange: (kind: AccountKind) => void
}) {
  return (
    <SelectField
      label="Kind"
      fault={fault}
      disabled={disabled}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value as AccountKind)}
    >
      {allKinds.map(({ kind, name }) => (
        <option key={kind} value={kind}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}
