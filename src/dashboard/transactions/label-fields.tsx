import { TextAreaField } from '../ui/field.tsx'
import { SuggestField } from './suggest-field.tsx'
import type { Suggestions } from './suggestions.ts'
import { type TagsDraft, TagsField } from './tags-field.tsx'

/** What somebody calls a transaction by, new or known. */
export interface Labels {
  category: string
  note: string
  tags: TagsDraft
}

export function LabelFields({
  value,
  onChange,
  faults,
  suggestions,
  categoryHint,
}: {
  value: Labels
  onChange: (change: Partial<Labels>) => void
  faults: Map<string, string>
  suggestions: Suggestions
  categoryHint?: string
}) {
  const tagFault = [...faults].find(([field]) => /^tags\b/.test(field))?.[1]
  return (
    <>
      <SuggestField
        label="Category"
        hint={categoryHint}
        maxLength={100}
        value={value.category}
        fault={faults.get('category')}
        suggestions={suggestions.categories}
        onInput={({ currentTarget }) => onChange({ category: currentTarget.value })}
      />
      <TagsField
        value={value.tags}
        onChange={(tags) => onChange({ tags })}
        suggestions={suggestions.tags}
        fault={tagFault}
      />
      <TextAreaField
        label="Note"
        rows={3}
        maxLength={2000}
        value={value.note}
        fault={faults.get('note')}
        onInput={({ currentTarget }) => onChange({ note: currentTarget.value })}
      />
    </>
  )
}
