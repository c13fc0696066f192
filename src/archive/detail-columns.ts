import type { SchemaElement } from 'hyparquet'
import type { ColumnSource } from 'hyparquet-writer'
import type { ArchivedTransaction } from '../archived-transaction.ts'

/** The columns of a detail file, and how a row's values become theirs and come back. */
interface Column {
  name: string
  field: keyof ArchivedTransaction
  element: Omit<SchemaElement, 'name' | 'repetition_type'>
  nullable?: true
  /** Told to readers of the file: lowest and highest value of a row group. */
  statistics?: true
  encoding?: ColumnSource['encoding']
  /** The Parquet value of a row's, where it is another one. */
  encode?: (value: never) => unknown
  decode?: (value: never) => unknown
}

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const
const uuid = {
  element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } },
  // Random: a dictionary would be tried in vain.
  encoding: 'PLAIN',
} as const
const bigint = { element: { type: 'INT64' }, encode: BigInt, decode: String } as const
const instant = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
} as const
const day = { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } } as const

/** A Parquet decimal has a bound on its digits, which numeric has not: amounts are text. */
export const columns: readonly Column[] = [
  { name: 'user_id', field: 'userId', statistics: true, ...bigint },
  { name: 'account_id', field: 'accountId', statistics: true, ...bigint },
  { name: 'id', field: 'id', ...uuid },
  { name: 'booked_on', field: 'bookedOn', element: day, statistics: true, encode: daysOf, decode: dayOf },
  { name: 'occurred_at', field: 'occurredAt', element: instant, nullable: true, statistics: true },
  { name: 'amount', field: 'amount', element: text },
  { name: 'asset', field: 'asset', element: text },
  { name: 'kind', field: 'kind', element: text },
  { name: 'status', field: 'status', element: text },
  { name: 'description', field: 'description', element: text, nullable: true },
  { name: 'counterparty', field: 'counterparty', element: text, nullable: true },
  { name: 'category', field: 'category', element: text, nullable: true },
  { name: 'group_id', field: 'groupId', element: text, nullable: true },
  { name: 'recorded_at', field: 'recordedAt', element: instant, statistics: true },
  { name: 'version', field: 'version', ...bigint },
  { name: 'digest', field: 'digest', ...uuid },
]

export const schema: SchemaElement[] = [
  { name: 'transactions', num_children: columns.length },
  ...columns.map(({ name, element, nullable }): SchemaElement => {
    return { ...element, name, repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' }
  }),
]

/** Rows turned to columns, as the Parquet writer takes them. */
export function toColumns(rows: readonly ArchivedTransaction[]): ColumnSource[] {
  return columns.map(({ name, field, encode, statistics, encoding }) => ({
    name,
    data: encode ? rows.map((row) => encode(row[field] as never)) : rows.map((row) => row[field]),
    statistics: statistics ?? false,
    // The writer would put it between the row groups and the footer, where nothing vouches for it.
    offsetIndex: false,
    ...(encoding && { encoding }),
  }))
}

/** Columns turned to rows; `values` in the order of `columns`. */
export function toRows(values: readonly ArrayLike<unknown>[], count: number): ArchivedTransaction[] {
  const rows: Record<string, unknown>[] = Array.from({ length: count }, () => ({}))
  for (const [index, { field, decode }] of columns.entries()) {
    const data = values[index]!
    for (let at = 0; at < count; at++) {
      const value = data[at]
      rows[at]![field] = decode ? decode(value as never) : (value ?? null)
    }
  }
  return rows as unknown as ArchivedTransaction[]
}

function daysOf(isoDay: string): number {
  return Date.parse(`${isoDay}T00:00:00Z`) / 86_400_000
}

const isoDays = new Map<number, string>()

/** A file has few days and many rows. */
function dayOf(days: number): string {
  let isoDay = isoDays.get(days)
  if (isoDay === undefined) {
    isoDay = new Date(days * 86_400_000).toISOString().slice(0, 10)
    isoDays.set(days, isoDay)
  }
  return isoDay
}
