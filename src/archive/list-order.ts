import type { ArchivedTransaction } from '../archived-transaction.ts'
import type { TransactionPlace } from '../db/transaction-pages.ts'

type Ordered = Pick<ArchivedTransaction, 'bookedOn' | 'occurredAt' | 'id'>

/** The order of lists, as sql/functions/0021_transaction_page.sql has it: newest first, of a day those without an instant last. */
export function compareListed(a: Ordered, b: Ordered): number {
  if (a.bookedOn !== b.bookedOn) return a.bookedOn > b.bookedOn ? -1 : 1
  if (a.occurredAt !== b.occurredAt) {
    if (a.occurredAt === null) return 1
    if (b.occurredAt === null) return -1
    return a.occurredAt > b.occurredAt ? -1 : 1
  }
  // In lower case, and of one length: as texts they are ordered as their bytes.
  return a.id > b.id ? -1 : a.id < b.id ? 1 : 0
}

/** Ahead of everything of the day. */
export function beginOf(day: string): TransactionPlace {
  return { bookedOn: day, occurredAt: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
}

/** Whether a row lies behind the place; undefined where that is for the database to say. */
export function isBehind(place: TransactionPlace): (row: Ordered) => boolean | undefined {
  const occurredAt = place.occurredAt === null ? null : microsecondsOf(place.occurredAt)
  const { bookedOn } = place
  if (occurredAt === undefined)
    return (row) => (row.bookedOn === bookedOn ? undefined : row.bookedOn < bookedOn)
  const at = { bookedOn, occurredAt, id: place.id.toLowerCase() }
  return (row) => compareListed(at, row) < 0
}

/** Of an instant as lists tell it. */
function microsecondsOf(instant: string): bigint | undefined {
  const [, seconds, fraction] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3}|\d{6})Z$/.exec(instant) ?? []
  if (seconds === undefined || fraction === undefined) return
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'))
}
