import { Field } from '../ui/field.tsx'

/** A code of the authenticator. */
export function CodeField({
  value,
  fault,
  onChange,
}: {
  value: string
  fault?: string | undefined
  onChange: (value: string) => void
}) {
  return (
    <Field
      label="Code"
      name="code"
      hint="The six digits that your authenticator shows now."
      inputMode="numeric"
      autocomplete="one-time-code"
      required
      value={value}
      fault={fault}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
    />
  )
}
