import type { ComponentProps } from 'preact'
import { useId } from 'preact/hooks'
import { Field } from '../ui/field.tsx'

/** A field for anything, with what is known already to choose from. */
export function SuggestField({
  suggestions,
  ...field
}: ComponentProps<typeof Field> & { suggestions: string[] }) {
  const id = useId()
  return (
    <>
      <Field {...field} list={id} autocomplete="off" />
      <datalist id={id}>
        {suggestions.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
    </>
  )
}
