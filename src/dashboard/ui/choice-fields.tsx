import { useId, useMemo } from 'preact/hooks'
import { Field } from './field.tsx'

interface ChoiceProps {
  label: string
  hint?: string
  fault?: string | undefined
  required?: boolean
  value: string
  onChange: (value: string) => void
}

/** ISO 4217 codes, with their names, to choose from; any other asset can be typed. */
export function CurrencyField(props: ChoiceProps) {
  const options = useMemo(() => {
    const names = new Intl.DisplayNames(navigator.languages as string[], { type: 'currency' })
    return Intl.supportedValuesOf('currency').map((code) => ({ value: code, label: names.of(code) ?? code }))
  }, [])
  return <ChoiceField {...props} options={options} clean={(text) => text.trim().toUpperCase()} />
}

export function TimeZoneField(props: ChoiceProps) {
  const options = useMemo(
    () => ['UTC', ...Intl.supportedValuesOf('timeZone')].map((value) => ({ value })),
    [],
  )
  return <ChoiceField {...props} options={options} clean={(text) => text.trim()} />
}

function ChoiceField({
  options,
  clean,
  onChange,
  required = true,
  ...field
}: ChoiceProps & { options: { value: string; label?: string }[]; clean: (text: string) => string }) {
  const id = useId()
  return (
    <>
      <Field
        {...field}
        list={id}
        required={required}
        autocomplete="off"
        onInput={({ currentTarget }) => onChange(clean(currentTarget.value))}
      />
      <datalist id={id}>
        {options.map(({ value, label }) => (
          <option key={value} value={value} label={label} />
        ))}
      </datalist>
    </>
  )
}
