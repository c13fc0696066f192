import { useState } from 'preact/hooks'
import { Field, TextAreaField } from '../../ui/field.tsx'

/** What is not shown unless it is asked for. A key of several lines, pasted, keeps its lines. */
export function SecretField({
  onChange,
  ...field
}: {
  label: string
  hint?: string | undefined
  fault?: string | undefined
  required: boolean
  value: string
  onChange: (value: string) => void
}) {
  const [shown, setShown] = useState(false)
  const common = {
    ...field,
    autocomplete: 'off',
    spellcheck: false,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => onChange(currentTarget.value),
  }
  return (
    <div class="schema-secret">
      {field.value.includes('\n') ? (
        <TextAreaField {...common} rows={4} class={shown ? 'code' : 'code schema-hidden'} />
      ) : (
        <Field
          {...common}
          type={shown ? 'text' : 'password'}
          onPaste={(event) => {
            const pasted = event.clipboardData?.getData('text').trim() ?? ''
            // A password input would drop the line ends.
            if (!pasted.includes('\n')) return
            event.preventDefault()
            onChange(pasted.replaceAll('\r\n', '\n'))
          }}
        />
      )}
      <button
        type="button"
        class="button small plain"
        aria-label={`${shown ? 'Hide' : 'Show'} ${field.label}`}
        onClick={() => setShown(!shown)}
      >
        {shown ? 'Hide' : 'Show'}
      </button>
    </div>
  )
}
