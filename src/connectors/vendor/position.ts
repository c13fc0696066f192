import { z } from 'zod'
import { type TransactionsAnswer, vendorItem } from './wire.ts'

const instant = z.iso.datetime()

/** The request that comes next on the way through a fixed range of time. */
export const position = z.object({
  /** Instants in UTC: included, and excluded. */
  from: instant,
  to: instant,
  /** Of the transactions between both, counted from 1. */
  page: z.int().min(1),
  /** How many transactions lay between both when the page before this one was read. */
  total: z.int().min(0),
  /** How often pages of this `from` were read again. */
  returns: z.int().min(0),
})
export type Position = z.infer<typeof position>

export function startOf(from: Date, to: Date): Position {
  return { from: from.toISOString(), to: to.toISOString(), page: 1, total: 0, returns: 0 }
}

/** False for one that was not left here: of nothing, or of what is still to come (an hour is left to clocks). */
export function isSound({ from, to }: Position, now: Date): boolean {
  return from < to && Date.parse(to) <= now.getTime() + 3_600_000
}

/** More than that, and it is the vendor's totals that waver, not its transactions. */
export const maxReturns = 50

/**
 * Where to go on behind an answer; null at the end of the range.
 *
 * Transactions come ordered by createdAt, then by id. So the range is shortened to what begins with the last instant
 * that was read, and its first page is asked for: whatever is deleted or inserted before that instant moves nothing.
 * Numbered pages are used only where that leads nowhere: all of a page is of one instant, or in another order. If
 * the total shrank between two of them, rows may have moved into pages that were read already, at most as many as
 * were deleted: it goes back by so many. If it grew, rows only moved into pages to come, and are read twice.
 */
export function positionAfter(at: Position, { items, meta }: TransactionsAnswer): Position | null {
  const deleted = at.page === 1 ? 0 : at.total - meta.totalItems
  if (deleted > 0 && at.returns < maxReturns) {
    const page = Math.max(1, at.page - Math.ceil(deleted / meta.itemsPerPage))
    return { ...at, page, total: meta.totalItems, returns: at.returns + 1 }
  }
  if (at.page * meta.itemsPerPage >= meta.totalItems) return null
  const last = lastInstant(items)
  if (last !== undefined && last > Date.parse(at.from))
    return { from: new Date(last).toISOString(), to: at.to, page: 1, total: meta.totalItems, returns: 0 }
  return { ...at, page: at.page + 1, total: meta.totalItems }
}

/** Cut off to milliseconds, so that nothing lies before it. Undefined unless the items are readable and in order. */
function lastInstant(items: unknown[]): number | undefined {
  let last: number | undefined
  for (const item of items) {
    const read = vendorItem.shape.createdAt.safeParse((item as { createdAt?: unknown } | null)?.createdAt)
    if (!read.success) return undefined
    const at = Date.parse(read.data)
    if (last !== undefined && at < last) return undefined
    last = at
  }
  return last
}
