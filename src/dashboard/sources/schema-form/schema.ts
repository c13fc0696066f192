/** What of JSON Schema (draft 2020-12) a form is made of. */
export interface JsonSchema {
  type?: string
  title?: string
  description?: string
  format?: string
  writeOnly?: boolean
  enum?: unknown[]
  const?: unknown
  default?: unknown
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
}

/** A schema by how it is asked for. */
export type Shape =
  | { kind: 'variants'; variants: JsonSchema[] }
  | { kind: 'object'; properties: [name: string, schema: JsonSchema, required: boolean][] }
  | { kind: 'choice'; values: unknown[] }
  | { kind: 'list'; items: JsonSchema }
  | { kind: 'flag' }
  | { kind: 'number'; whole: boolean }
  | { kind: 'text' }
  /** Whatever no field can be made of, written as JSON. */
  | { kind: 'json' }

export function shapeOf(schema: JsonSchema): Shape {
  const variants = (schema.anyOf ?? schema.oneOf)?.filter(({ type }) => type !== 'null')
  if (variants?.length === 1) return shapeOf(variants[0]!)
  if (variants?.every((each) => 'const' in each))
    return { kind: 'choice', values: variants.map((each) => each.const) }
  if (variants) return { kind: 'variants', variants }
  if (schema.enum) return { kind: 'choice', values: schema.enum }
  if ('const' in schema) return { kind: 'choice', values: [schema.const] }
  switch (schema.type) {
    case 'object':
      return schema.properties ? { kind: 'object', properties: propertiesOf(schema) } : { kind: 'json' }
    case 'array': {
      const items = schema.items ?? {}
      return isPlain(items) ? { kind: 'list', items } : { kind: 'json' }
    }
    case 'boolean':
      return { kind: 'flag' }
    case 'integer':
    case 'number':
      return { kind: 'number', whole: schema.type === 'integer' }
    case 'string':
      return { kind: 'text' }
    default:
      return { kind: 'json' }
  }
}

function propertiesOf({ properties = {}, required = [] }: JsonSchema) {
  return Object.entries(properties).map(([name, schema]): [string, JsonSchema, boolean] => [
    name,
    schema,
    required.includes(name),
  ])
}

/** Goes on a line of its own. */
function isPlain(schema: JsonSchema): boolean {
  return ['text', 'number', 'choice'].includes(shapeOf(schema).kind)
}
