import type { ArchivedTransaction } from '../archived-transaction.ts'
import { isDay } from '../calendar.ts'

/**
 * Throws a RangeError where rows are not what a detail file may hold: of one month, sorted by user, account, day and id,
 * each once, and every value in the one form that comes back from the file.
 */
export function checkRows(rows: readonly ArchivedTransaction[]): void {
  const month = rows[0]?.bookedOn.slice(0, 7)
  let before: ArchivedTransaction | undefined
  for (const [index, row] of rows.entries()) {
    const fault =
      faultOf(row) ?? (row.bookedOn.slice(0, 7) !== month ? 'bookedOn: of another month' : undefined)
    if (fault !== undefined) throw new RangeError(`row ${index + 1}: ${fault}`)
    if (before && compareRows(before, row) >= 0)
      throw new RangeError(`row ${index + 1}: not behind the row before it by user, account, day and id`)
    before = row
  }
}

/** The order of a file's rows. Negative where the first row stands before the second. */
export function compareRows(one: ArchivedTransaction, other: ArchivedTransaction): number {
  return (
    compareNumbers(one.userId, other.userId) ||
    compareNumbers(one.accountId, other.accountId) ||
    compareTexts(one.bookedOn, other.bookedOn) ||
    compareTexts(one.id, other.id)
  )
}

function compareNumbers(one: string, other: string): number {
  if (one === other) return 0
  return BigInt(one) < BigInt(other) ? -1 : 1
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const bigint = /^(0|-?[1-9]\d{0,18})$/
const decimal = /^-?\d+(\.\d+)?$/
const largest = 2n ** 63n

function faultOf(row: ArchivedTransaction): string | undefined {
  for (const field of ['userId', 'accountId', 'version'] as const) {
    if (!bigint.test(row[field]) || (row[field].length > 18 && !isLong(BigInt(row[field]))))
      return `${field}: not the text of a bigint`
  }
  for (const field of ['id', 'digest'] as const) {
    if (!uuid.test(row[field])) return `${field}: not a UUID in lower case`
  }
  if (!isDay(row.bookedOn)) return 'bookedOn: not a day'
  if (!decimal.test(row.amount)) return 'amount: not a decimal'
  for (const field of ['occurredAt', 'recordedAt'] as const) {
    const instant = row[field]
    if (instant === null && field === 'occurredAt') continue
    if (typeof instant !== 'bigint' || !isLong(instant)) return `${field}: not microseconds`
  }
  for (const field of ['asset', 'kind', 'status'] as const) {
    if (!isText(row[field])) return `${field}: not a text of Unicode`
  }
  for (const field of ['description', 'counterparty', 'category', 'groupId'] as const) {
    if (row[field] !== null && !isText(row[field])) return `${field}: not a text of Unicode`
  }
  return undefined
}

function isLong(value: bigint): boolean {
  return value >= -largest && value < largest
}

/** Half of a surrogate pair has no UTF-8. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && value.isWellFormed()
}
