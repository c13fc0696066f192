import { addDays, dayOf, daysInMonth, firstDay, lastDay } from '../calendar.ts'
import { monthsWithId, newestArchivedParts, readArchivedPage } from '../db/archived-page.ts'
import type { Sql } from '../db/client.ts'
import {
  pageOf,
  readTransactionPage,
  type TransactionPage,
  type TransactionPageQuery,
} from '../db/transaction-pages.ts'
import { findTransaction, type Transaction } from '../db/transactions.ts'
import { ArchiveUnavailableError } from '../errors.ts'
import { readParts } from './bring-back.ts'
import type { ArchiveStore } from './store.ts'

/** Archived months that one page reads; a search that finds little in them goes on in the next page. */
const monthsPerPage = 24
/** What the archive holds may move between a look and the read. */
const mostTries = 5

export interface Reads {
  sql: Sql
  /** Undefined where no archive is configured. */
  store: ArchiveStore | undefined
}

/**
 * A page of the transactions that a user may see, wherever they lie. Where it reaches into the archive, months are read
 * from files, newest first, until the page is full.
 */
export async function readWholePage(
  { sql, store }: Reads,
  query: TransactionPageQuery,
): Promise<TransactionPage> {
  const page = await readTransactionPage(sql, query)
  if (!page.archived) return page
  if (!store) throw outOfReach()
  return readThrough({ sql, store }, query)
}

async function readThrough(
  reads: { sql: Sql; store: ArchiveStore },
  query: TransactionPageQuery,
): Promise<TransactionPage> {
  const { filter, after, limit } = query
  const oldest = filter.from ?? firstDay
  const found: Transaction[] = []
  let to = [filter.to, after?.bookedOn, lastDay].filter((day) => day !== undefined).sort()[0]!
  for (let months = 0; months <= monthsPerPage; months++) {
    const window = await readWindow(reads, { ...query, limit: limit + 1 - found.length }, oldest, to)
    found.push(...window.transactions)
    if (found.length > limit || window.from <= oldest) return { ...pageOf(found, limit), archived: true }
    to = addDays(window.from, -1)
  }
  // Behind everything of the day before which the search has come to.
  const next = { bookedOn: addDays(to, 1), occurredAt: null, id: '00000000-0000-0000-0000-000000000000' }
  return { transactions: found, next, archived: true }
}

/** The days from the newest archived month on, or all there are, and what is there of the query. */
async function readWindow(
  { sql, store }: { sql: Sql; store: ArchiveStore },
  query: TransactionPageQuery,
  oldest: string,
  to: string,
): Promise<{ from: string; transactions: Transaction[] }> {
  for (let tries = 1; tries <= mostTries; tries++) {
    const parts = await newestArchivedParts(sql, query, to)
    const month = parts[0]?.month ?? oldest
    const from = month > oldest ? month : oldest
    const rows = await readParts(store, parts)
    const transactions = await readArchivedPage(sql, query, { from, to }, { parts, rows })
    if (transactions) return { from, transactions }
  }
  throw new ArchiveUnavailableError('the archive is being changed: try again')
}

/** Undefined where the caller may see none of that id. */
export async function findWholeTransaction(
  { sql, store }: Reads,
  callerId: string,
  id: string,
): Promise<Transaction | undefined> {
  const found = await findTransaction(sql, callerId, id)
  if (found) return found
  for (const month of await monthsWithId(sql, callerId, id)) {
    if (!store) throw outOfReach()
    // Older months are not asked for where this one came back just now.
    const filter = { id, from: month }
    const query = { userId: callerId, filter, limit: 1, today: month }
    const { transactions } = await readWindow({ sql, store }, query, month, lastOfMonth(month))
    if (transactions[0]) return transactions[0]
  }
  // It may have come back just now.
  return findTransaction(sql, callerId, id)
}

function lastOfMonth(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number]
  return dayOf(year, number, daysInMonth(year, number))
}

function outOfReach(): ArchiveUnavailableError {
  return new ArchiveUnavailableError(
    'older transactions lie in an archive that this server cannot reach: whoever runs it sets TIDEMARK_ARCHIVE',
  )
}
