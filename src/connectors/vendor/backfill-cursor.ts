import { z } from 'zod'
import { addDays } from '../../calendar.ts'
import type { PullRequest } from '../connector.ts'
import type { JsonValue } from '../json.ts'
import { isSound, type Position, position, startOf } from './position.ts'

const backfillCursor = position.extend({ window: z.object({ from: z.iso.date(), to: z.iso.date() }) })

/** Where a backfill of the window goes on; null where all of the window is still to come. */
export function backfillFrom({ cursor, window }: PullRequest, now: Date): Position | null {
  const read = backfillCursor.safeParse(cursor)
  if (read.success && isSound(read.data, now)) {
    const { window: of, ...at } = read.data
    if (of.from === window.from && of.to === window.to) return at
  }
  const from = new Date(window.from)
  const to = new Date(Math.min(Date.parse(addDays(window.to, 1)), now.getTime()))
  return from < to ? startOf(from, to) : null
}

export function backfillCursorOf(next: Position | null, { window }: PullRequest): JsonValue {
  return next && { ...next, window: { ...window } }
}
