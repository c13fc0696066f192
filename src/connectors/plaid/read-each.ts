import type { z } from 'zod'
import type { PageProblem } from '../connector.ts'

/** Entries of a list that are what they should be; the others become problems. */
export function readEach<T>(
  entries: unknown[],
  schema: z.ZodType<T>,
  what: 'an account' | 'a transaction',
  problems: PageProblem[],
): T[] {
  const good: T[] = []
  for (const entry of entries) {
    const parsed = schema.safeParse(entry)
    if (parsed.success) {
      good.push(parsed.data)
      continue
    }
    const account = (entry as { account_id?: unknown } | null)?.account_id
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'all of it'))]
    problems.push({
      ...(typeof account === 'string' && account !== '' && { account }),
      message: `${what} cannot be read (${fields.join(', ')})`,
      ...(what === 'a transaction' && { row: true }),
    })
  }
  return good
}
