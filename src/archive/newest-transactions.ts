import type { TransactionPlace } from '../db/transaction-pages.ts'
import type { Transaction } from '../db/transactions.ts'
import { type Apart, withDeadline } from '../deadline.ts'
import { ArchiveUnavailableError, BusyError } from '../errors.ts'
import { type Reads, readReachablePage } from './transaction-pages.ts'

export interface NewestTransactions {
  transactions: Transaction[]
  /** They reach into the archive, or would. */
  archived: boolean
  /** Why those in the archive are missing, or some of them. */
  fault: Error | undefined
}

/** Milliseconds for which the archive is waited for, all in all. */
const usualPatience = 5_000

/**
 * The newest transactions that a user may see, as many as `limit` if there are so many. Where the archive cannot be read,
 * or not in time, those that lie before it.
 */
export async function readNewestTransactions(
  reads: Reads & { clock: () => Date },
  { userId, limit, today }: { userId: string; limit: number; today: string },
  patience = usualPatience,
): Promise<NewestTransactions> {
  // Pages that the clock does not end.
  const ofPages: Reads = { ...reads, clock: undefined, apart: impatient(reads, patience) }
  const transactions: Transaction[] = []
  let archived = false
  let after: TransactionPlace | undefined
  do {
    const left = limit - transactions.length
    const page = await readReachablePage(ofPages, { userId, filter: {}, after, limit: left, today })
    transactions.push(...page.transactions)
    archived ||= page.archived
    if (page.fault) return { transactions, archived, fault: page.fault }
    after = page.next
  } while (after && transactions.length < limit)
  return { transactions, archived, fault: undefined }
}

/** The same, where what takes longer than is left counts as out of reach. What was begun goes on, and is kept. */
function impatient(
  { clock, apart = (work) => work() }: Reads & { clock: () => Date },
  patience: number,
): Apart {
  const startedAt = clock().getTime()
  return async (work) => {
    const left = patience - Math.max(0, clock().getTime() - startedAt)
    try {
      return await apart(() => withDeadline(Math.max(1, left), work))
    } catch (error) {
      if (!(error instanceof BusyError)) throw error
      throw new ArchiveUnavailableError('the archive does not answer in time', { cause: error })
    }
  }
}
