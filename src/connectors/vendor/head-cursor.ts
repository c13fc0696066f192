import { z } from 'zod'
import type { PullRequest } from '../connector.ts'
import type { JsonValue } from '../json.ts'
import { isSound, type Position, position, startOf } from './position.ts'

const minute = 60_000
/** How long after its createdAt a transaction may still come to be listed, without a review to find it. */
const lateness = 15 * minute

const instant = z.iso.datetime()
const headCursor = z.object({
  through: instant,
  checked: instant.optional(),
  pass: position.optional(),
  review: position.optional(),
})

/** How far the newest transactions have been read. */
export interface Head {
  /** Everything before it has been read. */
  through: string
  /** How far late transactions have been looked for; when the pass has ended, if one is under way. */
  checked: string
  /** From a while before `through` up to now. */
  pass: Position | null
  /** The pass takes more than one request. */
  isLong: boolean
  /** What was read on the days before, again: what came later still, or changed. Once a day, a few pages at a time. */
  review: Position | null
}

/**
 * Where an incremental pull begins: in the middle of a pass, or with a new one from a quarter of an hour before the
 * end of the last. Where a quarter of an hour is more than a page, that far back is gone only once in a quarter of
 * an hour, and a minute at other times; else a busy vendor's budget would go into reading the same again.
 */
export function headFrom({ cursor, window }: PullRequest, now: Date): Head {
  const read = headCursor.safeParse(cursor)
  if (!read.success || !isUsable(read.data, now)) {
    const from = new Date(Math.min(Date.parse(window.from), now.getTime()))
    const pass = startOf(from, now)
    return { through: pass.from, checked: pass.to, pass, isLong: false, review: null }
  }
  const { through, checked, pass, review = null } = read.data
  if (pass) return { through, checked: checked ?? pass.to, pass, isLong: true, review }
  const back = (from: string, milliseconds: number) =>
    startOf(new Date(Math.min(Date.parse(from), now.getTime()) - milliseconds), now)
  if (checked !== undefined && now.getTime() - Date.parse(checked) < lateness)
    return { through, checked, pass: back(through, minute), isLong: true, review }
  return {
    through,
    checked: now.toISOString(),
    pass: back(checked ?? through, lateness),
    isLong: false,
    review,
  }
}

/** Behind a page of the pass. The first pass to end on a day begins a review of the days from `window.from`. */
export function headAfterPass(head: Head, next: Position | null, { window }: PullRequest): Head {
  if (next !== null) return { ...head, pass: next, isLong: true }
  const { through, pass, review } = head
  const ended = { ...head, through: pass!.to, pass: null }
  if (through.slice(0, 10) === pass!.to.slice(0, 10)) return ended
  const left = review === null ? [] : [Date.parse(review.from)]
  const from = new Date(Math.min(Date.parse(window.from), ...left))
  return { ...ended, review: from < new Date(through) ? startOf(from, new Date(through)) : null }
}

export function headCursorOf({ through, checked, pass, isLong, review }: Head): JsonValue {
  return {
    through,
    ...(isLong && { checked }),
    ...(pass && { pass: { ...pass } }),
    ...(review && { review: { ...review } }),
  }
}

/** As isSound, of all its parts. */
function isUsable(
  { through, checked = through, pass, review }: z.infer<typeof headCursor>,
  now: Date,
): boolean {
  const newest = Math.max(Date.parse(through), Date.parse(checked))
  return (
    newest <= now.getTime() + 60 * minute &&
    [pass, review].every((each) => each === undefined || isSound(each, now))
  )
}
