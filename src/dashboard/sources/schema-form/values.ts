import { type JsonSchema, shapeOf } from './schema.ts'

/**
 * What was filled in, as it stands in the fields, by the path by which the API names a field at fault
 * (`credentials.apiKey`). Of several variants, the place of the chosen one.
 */
export type Drafts = Readonly<Record<string, string>>

/** What stands in a field that nobody touched. */
export function initialDraft(schema: JsonSchema): string {
  const usual = schema.default
  if (usual === undefined || usual === null) return ''
  if (Array.isArray(usual)) return usual.map(String).join('\n')
  return typeof usual === 'object' ? JSON.stringify(usual) : String(usual)
}

/**
 * What the fields say. Undefined where nothing was given, so that the connector's own default holds; what cannot be read
 * is passed on as it was written, for the server to say what is wrong with it.
 */
export function filledIn(schema: JsonSchema, path: string, drafts: Drafts, required = true): unknown {
  const shape = shapeOf(schema)
  const draft = drafts[path] ?? ''
  switch (shape.kind) {
    case 'variants':
      return filledIn(shape.variants[chosenVariant(path, drafts)] ?? {}, path, drafts, required)
    case 'object': {
      const entries = shape.properties
        .map(([key, each, needed]) => [key, filledIn(each, `${path}.${key}`, drafts, needed)])
        .filter(([, value]) => value !== undefined)
      return entries.length > 0 || required ? Object.fromEntries(entries) : undefined
    }
    case 'flag':
      if (draft === '') return required && schema.default === undefined ? false : undefined
      return draft === 'true'
    case 'choice':
      return shape.values.find((value) => String(value) === draft)
    case 'list': {
      const lines = draft.split('\n').map((line) => line.trim())
      const values = lines.filter((line) => line !== '').map((line) => plainValue(shape.items, line))
      return values.length > 0 ? values : undefined
    }
    default:
      return draft.trim() === '' ? undefined : plainValue(schema, draft)
  }
}

export function chosenVariant(path: string, drafts: Drafts): number {
  return Number(drafts[path] ?? 0)
}

function plainValue(schema: JsonSchema, draft: string): unknown {
  const shape = shapeOf(schema)
  if (shape.kind === 'choice') return shape.values.find((value) => String(value) === draft) ?? draft
  if (shape.kind === 'text') return draft
  if (shape.kind === 'number') return Number.isFinite(Number(draft)) ? Number(draft) : draft
  try {
    return JSON.parse(draft)
  } catch {
    return draft
  }
}
