import { z } from '@hono/zod-openapi'
import { isDay, isTimeZone } from '../calendar.ts'
import { parseDecimal } from '../decimal.ts'
import { accountKinds } from '../page.ts'

/** The kinds of values that requests and answers are made of. Faults are sentences that follow the field's name. */

/** What PostgreSQL stores as it is: no NUL, no half of a surrogate pair. */
export function text(longest: number, { shortest = 1 }: { shortest?: number } = {}) {
  return (
    z
      .string()
      .min(shortest, shortest === 1 ? 'must not be empty' : `must have at least ${shortest} characters`)
      .max(longest, `must have at most ${longest} characters`)
      .refine((value) => value.isWellFormed(), 'must be well-formed Unicode')
      // Control characters, save for line breaks and tabs.
      .refine((value) => !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(value), 'must not hold control characters')
  )
}

/** A text of one line: blanks and line breaks are one blank each, none at the ends. */
export function line(longest: number) {
  return text(longest)
    .transform((value) => value.replace(/\s+/g, ' ').trim())
    .refine((value) => value !== '', 'must not be empty')
    .openapi({ type: 'string', minLength: 1, maxLength: longest })
}

/** Identity columns; beyond 18 digits none is stored. */
export const id = z
  .string()
  .regex(/^[1-9]\d{0,17}$/, 'must be an id as Tidemark gives it')
  .openapi({ example: '42' })

export const day = z
  .string()
  .refine(isDay, 'must be a day of the calendar as YYYY-MM-DD')
  .openapi({ format: 'date', example: '2026-06-30' })

export const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant as 2026-06-30T12:00:00Z' })
  .openapi({ format: 'date-time' })

/** Plain decimals, of at most 40 digits before and 30 after the point. */
export const decimal = z
  .string()
  .max(80, 'must have at most 80 characters')
  .refine(
    (value) => parseDecimal(value) !== undefined,
    'must be a decimal number in a string, such as "-12.34"',
  )
  .transform((value) => parseDecimal(value)!)
  .openapi({
    type: 'string',
    pattern: '^[+-]?(\\d{1,40}(\\.\\d{0,30})?|\\.\\d{1,30})$',
    maxLength: 80,
    example: '-12.34',
  })

/** In answers. */
export const amount = z.string().openapi({
  description: 'An exact decimal number.',
  pattern: '^-?\\d+(\\.\\d+)?$',
  example: '1234.56',
})

export const asset = z
  .string()
  // Before it is put in upper case, which makes ASCII of some other letters.
  .refine(
    (value) => /^\s*[\x21-\x7e]{1,32}\s*$/.test(value),
    'must be an ISO 4217 code such as EUR, or a ticker',
  )
  .transform((value) => value.trim().toUpperCase())
  .openapi({ type: 'string', pattern: '^[\\x21-\\x7e]+$', minLength: 1, maxLength: 32, example: 'EUR' })

export const timeZone = z
  .string()
  .max(64, 'must have at most 64 characters')
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
  .transform(spellTimeZone)
  .openapi({ type: 'string', maxLength: 64, example: 'Europe/Berlin' })

/**
 * As IANA writes it. A name that stands for another one (Asia/Kolkata, of which some know Asia/Calcutta) is kept, unless
 * its letters tell that it was not copied.
 */
function spellTimeZone(given: string): string {
  const known = new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone
  const isSpelt = given.split('/').every((part) => /^[A-Z]/.test(part))
  return isSpelt && known.toLowerCase() !== given.toLowerCase() ? given : known
}

export const email = z
  .string()
  .max(254, 'must have at most 254 characters')
  .transform((value) => value.trim().toLowerCase())
  // One @ with something on both sides and no blanks: anything finer is decided by a mail that arrives.
  .refine((value) => /^[^\s@]+@[^\s@]+$/.test(value), 'must be an email address')
  .refine((value) => value.isWellFormed() && !/[\x00-\x1f\x7f]/.test(value), 'must be an email address')
  .openapi({ type: 'string', format: 'email', example: 'me@example.org' })

export const accountKind = z.enum(accountKinds)

/** The body of a PATCH: what it names is changed, the rest stays. It has to name something. */
export function change<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape).join(', ')
  return z
    .strictObject(shape)
    .refine(
      (body) => Object.values(body).some((each) => each !== undefined),
      `must name something to change, of ${names}`,
    )
    .openapi({ minProperties: 1 })
}

/** Of a list, in a query. */
export function limit(most: number, usual: number) {
  return z
    .string()
    .regex(/^[1-9]\d{0,5}$/, `must be a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((value) => value <= most, `must be at most ${most}`)
    .default(usual)
    .openapi({ type: 'integer', minimum: 1, maximum: most, default: usual })
}

export const flag = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .openapi({ type: 'boolean' })

/** Where a list goes on. What stands in it is nobody's business, and may change. */
export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,512}$/, 'must be a cursor as an answer gave it')
  .openapi({ description: '`nextCursor` of the page before.' })
