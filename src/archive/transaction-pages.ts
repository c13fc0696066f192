import { addDays, dayOf, daysInMonth, firstDay, lastDay } from '../calendar.ts'
import { annotatedIds, monthsWithId, newestArchivedParts, readArchivedPage } from '../db/archived-page.ts'
import type { Sql } from '../db/client.ts'
import {
  pageOf,
  placeOf,
  readTransactionPage,
  type TransactionPage,
  type TransactionPageQuery,
} from '../db/transaction-pages.ts'
import { findTransaction, type Transaction } from '../db/transactions.ts'
import type { Apart } from '../deadline.ts'
import { ArchiveUnavailableError, isArchiveFault } from '../errors.ts'
import { readKeptParts } from './kept-parts.ts'
import { beginOf } from './list-order.ts'
import { candidatesOf } from './page-candidates.ts'
import type { ArchiveStore } from './store.ts'

/** Archived months that one page reads, and milliseconds; a search that finds little goes on in the next page. */
const monthsPerPage = 24
const longestPage = 2_000
/** What the archive holds may move between a look and the read. */
const mostTries = 5

export interface Reads {
  sql: Sql
  /** Undefined where no archive is configured. */
  store: ArchiveStore | undefined
  /** Where a page is to end early that takes long. */
  clock?: (() => Date) | undefined
  /** Runs what asks the archive, and not the database. */
  apart?: Apart | undefined
}

/** As much of a page as could be read. */
export interface ReachablePage extends TransactionPage {
  /** Why it ends before what lies in the archive: `next` goes on there, unless there is nothing before. */
  fault?: Error
}

/**
 * A page of the transactions that a user may see, wherever they lie. Where it reaches into the archive, months are read
 * from files, newest first, until the page is full.
 */
export async function readWholePage(reads: Reads, query: TransactionPageQuery): Promise<TransactionPage> {
  const { fault, ...page } = await readReachablePage(reads, query)
  if (fault) throw fault
  return page
}

/** The same, and where the archive cannot be read, what lies before that. */
export async function readReachablePage(reads: Reads, query: TransactionPageQuery): Promise<ReachablePage> {
  const page = await readTransactionPage(reads.sql, query)
  return page.archived ? readThrough(reads, query, page.transactions) : page
}

/** `before`: those ahead of the newest archived month. */
async function readThrough(
  reads: Reads,
  query: TransactionPageQuery,
  before: Transaction[],
): Promise<ReachablePage> {
  const { filter, after, limit } = query
  const oldest = filter.from ?? firstDay
  const found: Transaction[] = []
  let to = [filter.to, after?.bookedOn, lastDay].filter((day) => day !== undefined).sort()[0]!
  const startedAt = reads.clock?.()
  const isLong = () => startedAt && reads.clock!().getTime() - startedAt.getTime() > longestPage
  for (let months = 0; months === 0 || (months <= monthsPerPage && !isLong()); months++) {
    const rest = { ...query, limit: limit + 1 - found.length }
    const window = await readWindow(reads, rest, oldest, to).catch(archiveFault)
    if (window instanceof Error) {
      const transactions = months === 0 ? before : found
      const last = transactions.at(-1)
      return { transactions, next: last && placeOf(last), archived: true, fault: window }
    }
    found.push(...window.transactions)
    if (found.length > limit || window.from <= oldest) return { ...pageOf(found, limit), archived: true }
    to = addDays(window.from, -1)
  }
  return { transactions: found, next: beginOf(to), archived: true }
}

/** Throws what is another error. */
function archiveFault(error: unknown): Error {
  if (isArchiveFault(error)) return error
  throw error
}

/** The days from the newest archived month on, or all there are, and what is there of the query. */
async function readWindow(
  reads: Reads,
  query: TransactionPageQuery,
  oldest: string,
  to: string,
): Promise<{ from: string; transactions: Transaction[] }> {
  const { sql, store, apart = (work) => work() } = withStore(reads)
  for (let tries = 1; tries <= mostTries; tries++) {
    const { parts, accountIds } = await newestArchivedParts(sql, query, to)
    const month = parts[0]?.month ?? oldest
    const from = month > oldest ? month : oldest
    const ofParts = await apart(() => readKeptParts(store, parts))
    const users = parts.map(({ userId }) => userId)
    const candidates = {
      query,
      from,
      to,
      accountIds: new Set(accountIds),
      annotatedIds: await annotatedIds(sql, query.filter, users),
    }
    const rows = ofParts.flatMap((part) => candidatesOf(part, candidates))
    const transactions = await readArchivedPage(sql, query, { from, to }, { parts, accountIds, rows })
    if (transactions) return { from, transactions }
  }
  throw new ArchiveUnavailableError('the archive is being changed: try again')
}

/** Undefined where the caller may see none of that id. */
export async function findWholeTransaction(
  reads: Reads,
  callerId: string,
  id: string,
): Promise<Transaction | undefined> {
  const { sql } = reads
  const found = await findTransaction(sql, callerId, id)
  if (found) return found
  for (const month of await monthsWithId(sql, callerId, id)) {
    // Older months are not asked for where this one came back just now.
    const filter = { id, from: month }
    const query = { userId: callerId, filter, limit: 1, today: month }
    const { transactions } = await readWindow(reads, query, month, lastOfMonth(month))
    if (transactions[0]) return transactions[0]
  }
  // It may have come back just now.
  return findTransaction(sql, callerId, id)
}

function lastOfMonth(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number]
  return dayOf(year, number, daysInMonth(year, number))
}

function withStore(reads: Reads): Reads & { store: ArchiveStore } {
  const { store } = reads
  if (store) return { ...reads, store }
  throw new ArchiveUnavailableError(
    'older transactions lie in an archive that this server cannot reach: whoever runs it sets TIDEMARK_ARCHIVE',
  )
}
