import { Field, SelectField, TextAreaField } from '../../ui/field.tsx'
import { hintOf, isSecret, labelOf } from './names.ts'
import { shapeOf } from './schema.ts'
import type { SchemaFieldProps } from './schema-fields.tsx'
import { SecretField } from './secret-field.tsx'
import { initialDraft } from './values.ts'

/** One value, or a list of them. Pattern and length are the server's to check: it says what to change. */
export function PlainField({ schema, path, required = false, drafts, faults, onChange }: SchemaFieldProps) {
  const shape = shapeOf(schema)
  const key = path.slice(path.lastIndexOf('.') + 1)
  const draft = drafts[path] ?? initialDraft(schema)
  const change = (value: string) => onChange(path, value)
  const common = {
    label: required ? labelOf(key, schema) : `${labelOf(key, schema)} (optional)`,
    hint: hintOf(key, schema),
    fault: faultAt(path, faults),
    required: required && schema.default === undefined,
    value: draft,
  }
  switch (shape.kind) {
    case 'flag':
      return (
        <label class="check">
          <input
            type="checkbox"
            checked={draft === 'true'}
            onChange={({ currentTarget }) => change(String(currentTarget.checked))}
          />
          {labelOf(key, schema)}
        </label>
      )
    case 'choice':
      return (
        <SelectField {...common} onChange={({ currentTarget }) => change(currentTarget.value)}>
          {schema.default === undefined && <option value="">{required ? 'Choose one' : 'None'}</option>}
          {shape.values.map((value) => (
            <option key={String(value)} value={String(value)}>
              {String(value)}
            </option>
          ))}
        </SelectField>
      )
    case 'list':
    case 'json':
      return (
        <TextAreaField
          {...common}
          hint={[common.hint, shape.kind === 'list' ? 'One on each line.' : 'As JSON.']
            .filter(Boolean)
            .join(' ')}
          rows={Math.min(8, Math.max(3, draft.split('\n').length))}
          spellcheck={false}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      )
    default:
      if (isSecret(path, schema)) return <SecretField {...common} onChange={change} />
      return (
        <Field
          {...common}
          {...inputKind(schema.format, shape)}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      )
  }
}

/** A keyboard that fits, without the browser's own opinion on what is valid. */
function inputKind(format: string | undefined, shape: { kind: string; whole?: boolean }) {
  if (shape.kind === 'number') return { inputMode: shape.whole ? ('numeric' as const) : ('decimal' as const) }
  if (format === 'uri') return { inputMode: 'url' as const }
  if (format === 'email') return { inputMode: 'email' as const }
  return format === 'date' ? { type: 'date' } : {}
}

/** Of the value, or of something in it. */
function faultAt(path: string, faults: Map<string, string>): string | undefined {
  const within = [...faults].filter(([field]) => field === path || field.startsWith(`${path}.`))
  if (within.length === 0) return undefined
  return within
    .map(([field, message]) =>
      field === path ? message : `${placeOf(field.slice(path.length + 1))} ${message}`,
    )
    .join('; ')
}

/** Lists are counted from 1 by whoever reads them. */
function placeOf(rest: string): string {
  return /^\d+$/.test(rest) ? `line ${Number(rest) + 1}` : rest
}
