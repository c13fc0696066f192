import { z } from '@hono/zod-openapi'
import { redact } from '../redact.ts'
import { InvalidRequestError } from './on-error.ts'
import type { FieldFault } from './problem.ts'

const deepest = 16
const mostFaults = 20

/** What a connector is given: an object of its own form, which its schemas check; here only that it can be stored. */
export const connectorInput = z
  .record(z.string().max(200, 'is too long for a name'), z.unknown())
  .refine((value) => isStorable(value, 0), {
    message: `must not be nested deeper than ${deepest}, nor hold NUL or halves of characters`,
  })
  .openapi({ type: 'object', description: 'As the JSON Schema of the source’s type says.' })

function isStorable(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  if (depth === deepest) return false
  return Object.entries(value).every(([name, each]) => isStorable(name, depth) && isStorable(each, depth + 1))
}

/**
 * What was given for a connector, by one of its schemas. Throws an InvalidRequestError that names the fields at fault
 * (`credentials.apiKey`), never what they held.
 */
export function parseConnectorInput(schema: z.ZodType, value: object, field: string): object {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data as object
  throw new InvalidRequestError(
    parsed.error.issues.slice(0, mostFaults).flatMap((issue): FieldFault[] => {
      const path = [field, ...issue.path.map(String)].join('.')
      if (issue.code === 'unrecognized_keys')
        return issue.keys
          .slice(0, mostFaults)
          .map((key) => ({ field: `${path}.${key.slice(0, 100)}`, message: 'is not known here' }))
      return [{ field: path, message: redact(issue.message, value) as string }]
    }),
  )
}
