import { SuggestField } from './suggest-field.tsx'

/** Tags that are chosen, and what is typed of the next one: it counts as one, too, when the form is sent. */
export interface TagsDraft {
  chosen: string[]
  typed: string
}

export function tagsOf({ chosen, typed }: TagsDraft): string[] {
  const cleaned = typed.replace(/\s+/g, ' ').trim()
  return [...new Set(cleaned === '' ? chosen : [...chosen, cleaned])]
}

export function TagsField({
  value,
  onChange,
  suggestions,
  fault,
}: {
  value: TagsDraft
  onChange: (value: TagsDraft) => void
  suggestions: string[]
  fault: string | undefined
}) {
  const add = () => onChange({ chosen: tagsOf(value), typed: '' })
  return (
    <div class="tx-tags">
      <SuggestField
        label="Tags"
        hint="Enter adds one."
        maxLength={50}
        value={value.typed}
        fault={fault}
        suggestions={suggestions.filter((each) => !value.chosen.includes(each))}
        onInput={({ currentTarget }) => onChange({ ...value, typed: currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || value.typed.trim() === '') return
          event.preventDefault()
          add()
        }}
      />
      {value.chosen.length > 0 && (
        <ul class="tx-chips" aria-label="Chosen tags">
          {value.chosen.map((tag) => (
            <li key={tag}>
              <button
                type="button"
                class="tx-chip"
                onClick={() => onChange({ ...value, chosen: value.chosen.filter((each) => each !== tag) })}
              >
                <span class="visually-hidden">Remove tag </span>#{tag}
                <span aria-hidden="true"> ✕</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
