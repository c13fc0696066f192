import type { WorldEvent, WorldRow } from '../emulator/world.ts'

/** Where a reader of the feed stands: behind the event `from`, and in the midst of a loop up to `head`. */
export interface FeedCursor {
  item: string
  from: number
  /** Of a loop that is under way: the last event it is about, and how many of its updates were given. */
  head?: number
  given?: number
}

export interface FeedUpdate {
  kind: 'added' | 'modified' | 'removed'
  row: WorldRow
}

export interface FeedPage {
  updates: FeedUpdate[]
  next: FeedCursor
  hasMore: boolean
}

/** Up to 256 characters of base64, as Plaid's are. */
export function encodeCursor(cursor: FeedCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64')
}

/** Undefined where it is no cursor of this Item's. */
export function decodeCursor(text: string, item: string): FeedCursor | undefined {
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64').toString()) as FeedCursor
    return cursor.item === item && Number.isInteger(cursor.from) ? cursor : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/**
 * The next page behind a cursor: each transaction once, as it is now, in the order of its last change. A first read
 * does not tell of what is gone. Undefined where something happened since the loop's first page: Plaid's
 * TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION.
 */
export function readFeed(events: WorldEvent[], cursor: FeedCursor, rows: number): FeedPage | undefined {
  const { item, from, head = events.length, given = 0 } = cursor
  if (head !== events.length) return undefined
  const before = new Set<string>()
  const last = new Map<string, WorldEvent>()
  for (const event of events) {
    const key = `${event.row.account}\x1f${event.row.id}`
    if (event.sequence > from) {
      last.delete(key)
      last.set(key, event)
    } else if (event.type === 'removed') before.delete(key)
    else before.add(key)
  }
  const updates = [...last].filter(([, { type }]) => from > 0 || type !== 'removed')
  const hasMore = given + rows < updates.length
  return {
    updates: updates.slice(given, given + rows).map(([key, { type, row }]) => ({
      kind: type === 'removed' ? 'removed' : before.has(key) ? 'modified' : 'added',
      row,
    })),
    next: hasMore ? { item, from, head, given: given + rows } : { item, from: head },
    hasMore,
  }
}
