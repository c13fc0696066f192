import type { z } from 'zod'
import type { PageAccount } from '../../page.ts'
import type { CcxtClient } from '../ccxt-client.ts'
import type { PageProblem, SyncPage } from '../connector.ts'
import { ConnectorBugError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import { mainAccount } from './transform.ts'

/** What every exchange's reader works with. */
export interface Reading {
  client: CcxtClient
  /** As it was stored: anything. */
  cursor: JsonValue
  /** First day of what is read again. */
  from: string
  now: Date
  /** Markets that the owner named. */
  symbols: string[] | undefined
}

export type Reader = (reading: Reading) => AsyncGenerator<SyncPage>

export function accountOf(client: CcxtClient): PageAccount {
  return { externalId: mainAccount, kind: 'crypto', name: client.exchange.name }
}

/** The envelope of an answer. Throws a ConnectorBugError where it is not what the protocol says. */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const { path = [], message = '' } = parsed.error.issues[0] ?? {}
  throw new ConnectorBugError(
    `the answer is not what the exchange’s protocol says: ${path.join('.') || 'it'}: ${message}`,
  )
}

/** Each row by itself: what cannot be read becomes a problem. `parse` is ccxt's, which may throw anything. */
export function parseRows<Schema extends z.ZodType, Row>(
  raw: unknown[],
  parse: (row: never) => unknown,
  schema: Schema,
  toRows: (row: z.infer<Schema>) => Row[],
  account = mainAccount,
): { rows: Row[]; problems: PageProblem[] } {
  const rows: Row[] = []
  const problems: PageProblem[] = []
  for (const each of raw) {
    const parsed = schema.safeParse(attempt(() => parse(each as never)))
    if (parsed.success) rows.push(...toRows(parsed.data))
    else {
      const { path = [], message = '' } = parsed.error.issues[0] ?? {}
      problems.push({
        account,
        message: `a row of the exchange could not be read: ${path.join('.') || 'it'}: ${message}`,
        row: true,
      })
    }
  }
  return { rows, problems }
}

function attempt(parse: () => unknown): unknown {
  try {
    return parse()
  } catch {
    return undefined
  }
}

/** Read again on the first sync of a day. */
export const mutableDays = 14
export const dayLength = 86_400_000

export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`)
}
