import { Big } from 'big.js'
import type { ArchivedTransaction } from '../archived-transaction.ts'
import type { TransactionPageQuery } from '../db/transaction-pages.ts'
import { isBehind } from './list-order.ts'

/** Undefined: only the database can say. */
type Answer = boolean | undefined

export interface Candidates {
  query: Pick<TransactionPageQuery, 'filter' | 'after' | 'limit'>
  from: string
  to: string
  /** That the caller may see, of those that the filter names. */
  accountIds: ReadonlySet<string>
  /** Whose notes, tags and categories may be other ones than the archive's. */
  annotatedIds: ReadonlySet<string>
}

/**
 * Of rows in the order of lists, those that may be in a page: it is the same as if all were handed to the database. What
 * is certain not to match is left out, and behind as many as the page takes that are certain to match, all the rest.
 */
export function candidatesOf(
  rows: readonly ArchivedTransaction[],
  candidates: Candidates,
): ArchivedTransaction[] {
  const { query, from, to, accountIds } = candidates
  const behind = query.after && isBehind(query.after)
  const matches = matcherOf(candidates)
  const found: ArchivedTransaction[] = []
  let certain = 0
  for (const row of rows) {
    if (row.bookedOn > to) continue
    if (row.bookedOn < from || certain === query.limit) break
    if (!accountIds.has(row.accountId)) continue
    const place = behind ? behind(row) : true
    if (place === false) continue
    const match = matches(row)
    if (match === false) continue
    found.push(row)
    if (place && match) certain++
  }
  return found
}

function matcherOf({ query, annotatedIds }: Candidates): (row: ArchivedTransaction) => Answer {
  const { id, asset, kind, status, min, max, category, tag, text } = query.filter
  const least = min === undefined ? undefined : new Big(min)
  const greatest = max === undefined ? undefined : new Big(max)
  const contains = text === undefined ? undefined : textMatcher(text)
  return (row) => {
    if (id !== undefined && row.id !== id.toLowerCase()) return false
    if (kind !== undefined && row.kind !== kind) return false
    if (status !== undefined && row.status !== status) return false
    if (least?.gt(row.amount) || greatest?.lt(row.amount)) return false
    const ofAsset = asset === undefined || isAsset(row.asset, asset)
    if (ofAsset === false) return false
    if (category === undefined && tag === undefined && !contains) return ofAsset
    // What a user said stands in the database.
    if (annotatedIds.has(row.id)) return undefined
    if (tag !== undefined || (category !== undefined && row.category !== category)) return false
    const found = !contains || contains(row)
    return found === false ? false : found && ofAsset
  }
}

/** As `upper(a) = upper(b)` in the database, whose language may have rules of its own for some letters. */
function isAsset(a: string, b: string): Answer {
  if (a === b) return true
  if (!isAscii(a) || !isAscii(b)) return undefined
  if (a.toUpperCase() !== b.toUpperCase()) return false
  return /i/i.test(a) ? undefined : true
}

/** As ILIKE in the database. */
function textMatcher(text: string): (row: ArchivedTransaction) => Answer {
  const lower = text.toLowerCase()
  const plain = isAscii(text)
  return ({ description, counterparty, category }) => {
    const texts = [description, counterparty, category].filter((each) => each !== null)
    if (!plain || !texts.every(isAscii)) return undefined
    if (texts.some((each) => each.includes(text))) return true
    return texts.some((each) => each.toLowerCase().includes(lower)) ? undefined : false
  }
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}
