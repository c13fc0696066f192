import { type JsonSchema, shapeOf } from './schema.ts'

/** Longer than this it is no label: it goes below the field. */
const longestLabel = 60

/** What a field is called: its title, a short description, or its key in words. */
export function labelOf(key: string, { title, description = '' }: JsonSchema): string {
  if (title !== undefined) return title
  const isLabel = description !== '' && description.length <= longestLabel && !description.includes('. ')
  return isLabel ? description : wordsOf(key)
}

/** What is said of it below; undefined where that is its label. */
export function hintOf(key: string, schema: JsonSchema): string | undefined {
  return schema.description === labelOf(key, schema) ? undefined : schema.description
}

/** One of several ways, by what has to be given for it. */
export function variantName(variant: JsonSchema): string {
  if (variant.title !== undefined) return variant.title
  const shape = shapeOf(variant)
  if (shape.kind !== 'object') return wordsOf(variant.type ?? 'other')
  const needed = shape.properties.filter(([, , required]) => required)
  const named = needed.length > 0 ? needed : shape.properties
  const [first = 'Nothing', ...rest] = named.map(([key, schema]) => labelOf(key, schema))
  return [first, ...rest.map(lowered)].join(' and ')
}

/** `apiKey`: API key. */
export function wordsOf(key: string): string {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_-]+/)
    .map((word) => (abbreviations.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()))
  const text = words.join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
const abbreviations = new Set(['api', 'url', 'uri', 'id', 'pin', 'iban', 'bic', 'otp', 'pem'])

/** Whether nobody who looks over a shoulder may read it. An address among credentials has them in it. */
export function isSecret(path: string, { format, writeOnly }: JsonSchema): boolean {
  if (format === 'password' || writeOnly) return true
  const key = path.slice(path.lastIndexOf('.') + 1)
  if (/secret|token|passw|passphrase|key|pin$/i.test(key)) return true
  return path.startsWith('credentials.') && /ur[il]$/i.test(key)
}

function lowered(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
