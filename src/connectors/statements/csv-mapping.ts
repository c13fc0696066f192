import { z } from 'zod'
import { StatementError } from '../../errors.ts'
import { isAsset } from './asset.ts'
import { isEncoding } from './decode.ts'

/** A column by its name in the header, or by its place counted from 1. */
const column = z.union([z.string().min(1), z.int().min(1).max(10_000)])

const mappingSchema = z
  .strictObject({
    delimiter: z
      .string()
      .min(1)
      .max(4)
      .refine((text) => !/["\r\n]/.test(text), 'may hold no quote and no line end')
      .default(','),
    encoding: z.string().refine(isEncoding, 'is not the name of a known encoding').default('utf-8'),
    decimal: z.enum(['.', ',']).default('.'),
    thousands: z.enum([',', '.', ' ', "'", '’']).optional(),
    dateFormat: z
      .string()
      .refine(
        (text) => dateFormatPattern(text) !== undefined,
        'needs a year (YYYY or YY), a month (MM or M) and a day (DD or D)',
      )
      .default('YYYY-MM-DD'),
    skipLines: z.int().min(0).max(1_000).default(0),
    header: z.boolean().default(true),
    columns: z.strictObject({
      date: column.optional(),
      time: column.optional(),
      amount: column.optional(),
      debit: column.optional(),
      credit: column.optional(),
      balance: column.optional(),
      asset: column.optional(),
      account: column.optional(),
      id: column.optional(),
      description: z.union([column, z.array(column).min(1).max(20)]).optional(),
      counterparty: column.optional(),
      kind: column.optional(),
      status: column.optional(),
      category: column.optional(),
    }),
    asset: z.string().refine(isAsset, 'is not an asset code').optional(),
    account: z.string().min(1).max(200).optional(),
    flipSign: z.boolean().default(false),
    debitIsNegative: z.boolean().default(false),
  })
  .superRefine((mapping, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    const { columns } = mapping
    if (columns.date === undefined && columns.time === undefined) refuse(['columns'], 'needs date or time')
    const split = columns.debit !== undefined || columns.credit !== undefined
    if (columns.amount === undefined && !(columns.debit !== undefined && columns.credit !== undefined)) {
      refuse(['columns'], 'needs amount, or debit and credit')
    }
    if (columns.amount !== undefined && split) refuse(['columns'], 'has amount beside debit or credit')
    if (mapping.thousands === mapping.decimal) refuse(['thousands'], 'is the decimal separator')
    if (columns.asset !== undefined && mapping.asset !== undefined)
      refuse(['asset'], 'stands beside columns.asset')
    if (columns.account !== undefined && mapping.account !== undefined) {
      refuse(['account'], 'stands beside columns.account')
    }
    if (
      !mapping.header &&
      Object.values(columns)
        .flat()
        .some((place) => typeof place === 'string')
    ) {
      refuse(['columns'], 'names a column, yet header is false: give places counted from 1')
    }
  })

/**
 * How to read a CSV that is not Tidemark's own. Columns are named as in the header, or by their place counted
 * from 1; without `date`, the day is that of `time`, an ISO 8601 instant with an offset. `debit` and `credit` are
 * unsigned (`debitIsNegative` where the former has a minus); `flipSign` is for files in which spending is positive.
 * With `balance`, a running balance, opening and closing balances are made from it. Without `asset` the caller's
 * default holds; without `account` the file is about one account that it does not name.
 *
 * @example
 * {
 *   "delimiter": ";", "encoding": "windows-1252", "decimal": ",", "thousands": ".", "dateFormat": "DD.MM.YYYY",
 *   "skipLines": 4, "account": "DE02120300000000202051", "asset": "EUR",
 *   "columns": {
 *     "date": "Buchungstag", "amount": "Betrag", "balance": "Saldo",
 *     "description": ["Buchungstext", "Verwendungszweck"], "counterparty": "Name"
 *   }
 * }
 */
export type CsvMapping = z.infer<typeof mappingSchema>

/** A mapping file's content, checked; a StatementError names every fault in it at once. */
export function loadMapping(json: unknown): CsvMapping {
  const parsed = mappingSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the mapping'}: ${message}`,
  )
  throw new StatementError(`the mapping cannot be used: ${faults.join('; ')}`)
}

/** A pattern with the groups year, month and day for a format of YYYY, YY, MM, M, DD, D and literal characters. */
export function dateFormatPattern(format: string): RegExp | undefined {
  const seen: string[] = []
  const source = format.replace(/YYYY|YY|MM|M|DD|D|[^YMD]/g, (token) => {
    const group = { Y: 'year', M: 'month', D: 'day' }[token[0]!]
    if (!group) return token.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
    seen.push(group)
    return `(?<${group}>${token.length === 1 ? '\\d{1,2}' : `\\d{${token.length}}`})`
  })
  if (seen.toSorted().join() !== 'day,month,year' || /[YMD]/.test(format.replace(/YYYY|YY|MM|M|DD|D/g, '')))
    return undefined
  return new RegExp(`^${source}$`)
}
