import type { z } from '@hono/zod-openapi'

/**
 * What a schema without a sentence of its own says of a fault: what to change, following the field's name. Undefined
 * where zod's own sentence is as good.
 */
export const plainFault: z.core.$ZodErrorMap = (issue) => {
  const { input } = issue
  if (issue.code === 'invalid_type' || issue.code === 'invalid_value') {
    if (input === undefined) return 'is needed'
    if (input === null) return 'must not be null'
  }
  switch (issue.code) {
    case 'invalid_type':
      return Array.isArray(input) && isPlain(issue.expected) ? several : kinds[issue.expected]
    case 'invalid_value':
      return Array.isArray(input)
        ? several
        : `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`
    case 'too_small':
      return bound(issue.origin, 'least', String(issue.minimum))
    case 'too_big':
      return bound(issue.origin, 'most', String(issue.maximum))
    case 'invalid_format':
      return formats[issue.format] ?? 'is not written as it has to be'
    case 'invalid_union':
      return 'is in none of the forms that are taken'
    case 'custom':
      return 'is not valid'
    default:
      return undefined
  }
}

/** A field that stands twice in a query arrives as a list. */
const several = 'must be given once, as one value'

const kinds: Record<string, string> = {
  string: 'must be a text',
  number: 'must be a number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  array: 'must be a list',
  tuple: 'must be a list',
  object: 'must be an object',
  record: 'must be an object',
}

const formats: Record<string, string> = {
  url: 'must be a URL',
  email: 'must be an email address',
  date: 'must be a day as YYYY-MM-DD',
  datetime: 'must be an instant as 2026-06-30T12:00:00Z',
}

function isPlain(expected: string): boolean {
  return ['string', 'number', 'int', 'boolean'].includes(expected)
}

function bound(origin: string, side: 'least' | 'most', value: string): string {
  if (origin === 'string')
    return `must have at ${side} ${value} ${value === '1' ? 'character' : 'characters'}`
  if (origin === 'array' || origin === 'set') return `must hold at ${side} ${value}`
  return `must be at ${side} ${value}`
}
