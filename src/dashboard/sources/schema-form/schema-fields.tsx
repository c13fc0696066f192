import './schema-form.css'
import { Segmented } from '../../ui/segmented.tsx'
import { hintOf, labelOf, variantName } from './names.ts'
import { PlainField } from './plain-field.tsx'
import { type JsonSchema, shapeOf } from './schema.ts'
import { chosenVariant, type Drafts } from './values.ts'

export interface SchemaFieldProps {
  schema: JsonSchema
  /** As the API names it in its faults: `credentials.apiKey`. */
  path: string
  required?: boolean
  drafts: Drafts
  faults: Map<string, string>
  onChange: (path: string, draft: string) => void
}

/** The fields that a JSON Schema asks for: what a connector needs, whichever it is. */
export function SchemaFields(props: SchemaFieldProps) {
  const { schema, path, drafts, faults, onChange } = props
  const shape = shapeOf(schema)
  if (shape.kind === 'variants') {
    const chosen = chosenVariant(path, drafts)
    return (
      <>
        <Segmented
          label={schema.title ?? 'What to give'}
          options={shape.variants.map((variant, index) => ({
            value: String(index),
            label: variantName(variant),
          }))}
          value={String(chosen)}
          onChange={(value) => onChange(path, value)}
        />
        <SchemaFields {...props} schema={shape.variants[chosen] ?? {}} />
      </>
    )
  }
  if (shape.kind !== 'object') return <PlainField {...props} />
  const known = shape.properties.map(([key]) => key)
  return (
    <>
      <GroupFaults path={path} known={known} faults={faults} />
      {shape.properties.map(([key, each, required]) => {
        const field = { ...props, schema: each, path: `${path}.${key}`, required }
        if (!isGroup(each)) return <SchemaFields key={key} {...field} />
        return (
          <fieldset key={key} class="schema-group stack">
            <legend>{labelOf(key, each)}</legend>
            {hintOf(key, each) && <p class="hint">{hintOf(key, each)}</p>}
            <SchemaFields {...field} />
          </fieldset>
        )
      })}
    </>
  )
}

/** What is wrong with the group as a whole, or with what it has no field for. */
function GroupFaults({
  path,
  known,
  faults,
}: {
  path: string
  known: string[]
  faults: Map<string, string>
}) {
  const told = [...faults].filter(([field]) => {
    if (field === path) return true
    const [key = ''] = field.slice(path.length + 1).split('.')
    return field.startsWith(`${path}.`) && !known.includes(key)
  })
  if (told.length === 0) return null
  return (
    <p class="fault" role="alert">
      {told
        .map(([field, message]) => (field === path ? `This ${message}` : `${field} ${message}`))
        .join('; ')}
    </p>
  )
}

function isGroup(schema: JsonSchema): boolean {
  const { kind } = shapeOf(schema)
  return kind === 'object' || kind === 'variants'
}
