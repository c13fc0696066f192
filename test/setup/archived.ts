import type { ArchiveStore } from '../../src/archive/store.ts'
import { readWholePage } from '../../src/archive/transaction-pages.ts'
import { readBalances } from '../../src/db/balances.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import type { Transaction } from '../../src/db/transactions.ts'
import type { TestDatabase } from './database.ts'

/** All transactions that a user sees, page by page, wherever they lie. */
export async function listAll(
  db: TestDatabase,
  store: ArchiveStore | undefined,
  userId: string,
  limit = 500,
): Promise<Transaction[]> {
  const found: Transaction[] = []
  let after: Awaited<ReturnType<typeof readWholePage>>['next']
  do {
    const page = await readWholePage(
      { sql: db.sql, store },
      { userId, filter: {}, after, limit, today: '2024-06-15' },
    )
    found.push(...page.transactions)
    after = page.next
  } while (after)
  return found
}

/** What archiving must not change: balances and net worth by day, and every transaction as it is listed. */
export async function seen(db: TestDatabase, store: ArchiveStore | undefined, userId: string) {
  const transactions = await listAll(db, store, userId)
  return { ...(await worthOf(db, userId)), transactions }
}

/** The sums alone. */
export async function worthOf(db: TestDatabase, userId: string) {
  const worth = await readNetWorth(db.sql, {
    userId,
    currency: 'EUR',
    from: '2023-12-15',
    to: '2024-06-15',
    interval: 'day',
  })
  const balances = []
  for (const at of ['2024-01-05', '2024-01-31', '2024-06-15'])
    balances.push(await readBalances(db.sql, { userId, at, currency: 'EUR' }))
  return { worth: worth.points, balances }
}

/** Where the detail lies: how many transactions in the database, and how many in files that it knows. */
export async function placesOf(db: TestDatabase, userId: string) {
  const [row] = await db.sql<{ here: number; archived: number; summed: number; parts: number }[]>`
    SELECT (SELECT count(*)::int FROM transaction WHERE user_id = ${userId} AND archived_count IS NULL) AS here,
      (SELECT coalesce(sum(archived_count), 0)::int FROM transaction WHERE user_id = ${userId}) AS summed,
      (SELECT coalesce(sum(transactions), 0)::int FROM archive_part WHERE user_id = ${userId}) AS archived,
      (SELECT count(*)::int FROM archive_part WHERE user_id = ${userId}) AS parts`
  return { ...row! }
}
