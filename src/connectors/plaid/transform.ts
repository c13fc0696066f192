import type { z } from 'zod'
import { negate } from '../../decimal.ts'
import type { Delete, PageAccount, ReportedBalance, Upsert } from '../../page.ts'
import type { PageProblem } from '../connector.ts'
import { balanceOf, isInvestment, pageAccountOf } from './account.ts'
import { assetOf } from './asset.ts'
import { readEach } from './read-each.ts'
import {
  type PlaidTransaction,
  plaidAccount,
  plaidTransaction,
  removedTransaction,
  type SyncAnswer,
} from './wire.ts'

export interface SyncRows {
  accounts: PageAccount[]
  changes: (Upsert | Delete)[]
  balances: ReportedBalance[]
  problems: PageProblem[]
}

/** The rows of an answer of /transactions/sync. `day` is the day on which it was given. */
export function rowsOfAnswer(answer: SyncAnswer, day: string): SyncRows {
  const problems: PageProblem[] = []
  const accounts = new Map<string, PageAccount>()
  const balances: ReportedBalance[] = []
  const leftOut = new Set<string>()
  for (const account of readEach(answer.accounts, plaidAccount, 'an account', problems)) {
    if (isInvestment(account)) {
      leftOut.add(account.account_id)
      continue
    }
    accounts.set(account.account_id, pageAccountOf(account))
    const balance = balanceOf(account, day)
    if (balance) balances.push(balance)
  }
  const read = <T>(entries: unknown[], schema: z.ZodType<T>) =>
    readEach(entries, schema, 'a transaction', problems)
  const changes = [
    ...read([...answer.added, ...answer.modified], plaidTransaction).map(upsertOf),
    ...read(answer.removed, removedTransaction).map(deleteOf),
  ].filter((change) => !leftOut.has(change.account))
  // "Only accounts that have associated transactions" are listed, of which a removed one may have been the last.
  for (const { account } of changes) {
    if (!accounts.has(account)) accounts.set(account, { externalId: account })
  }
  return { accounts: [...accounts.values()], changes, balances, problems }
}

function upsertOf(transaction: PlaidTransaction): Upsert {
  const amount = negate(transaction.amount)
  const occurredAt = instantOf(transaction.authorized_datetime) ?? instantOf(transaction.datetime)
  const category = transaction.personal_finance_category?.primary
  return {
    type: 'upsert',
    account: transaction.account_id,
    id: transaction.transaction_id,
    bookedOn: transaction.date,
    ...(occurredAt && { occurredAt }),
    amount,
    asset: assetOf(transaction),
    kind: kindOf(transaction, amount),
    status: transaction.pending ? 'pending' : 'posted',
    ...(transaction.name && { description: transaction.name }),
    ...(transaction.merchant_name && { counterparty: transaction.merchant_name }),
    ...(category && { category }),
    ...(transaction.pending_transaction_id && { replaces: [transaction.pending_transaction_id] }),
  }
}

function deleteOf({ account_id, transaction_id }: z.infer<typeof removedTransaction>): Delete {
  return { type: 'delete', account: account_id, id: transaction_id }
}

/** Institutions that know the day alone write midnight ("may contain default time values"): that is no instant. */
function instantOf(text: string | null | undefined): string | undefined {
  return text && !/T00:00:00(\.0+)?Z$/.test(text) ? text : undefined
}

/**
 * `transaction_code` says it where the institution tells it (all of Europe, some in the United States); otherwise the
 * channel does: bought in a store is by card, money sent online is a payment. What neither says more about, cash and
 * adjustments among it, is a deposit or a withdrawal by its sign.
 */
function kindOf({ transaction_code, payment_channel }: PlaidTransaction, amount: string): string {
  const code = kindsByCode.get(transaction_code ?? '')
  if (code) return code
  const isOut = amount.startsWith('-')
  if (!transaction_code && isOut && payment_channel === 'in store') return 'card'
  if (!transaction_code && isOut && payment_channel === 'online') return 'payment'
  return isOut || amount === '0' ? 'withdrawal' : 'deposit'
}
const kindsByCode = new Map([
  ['bank charge', 'fee'],
  ['bill payment', 'payment'],
  ['direct debit', 'payment'],
  ['standing order', 'payment'],
  ['payment', 'payment'],
  ['cheque', 'check'],
  ['interest', 'interest'],
  ['purchase', 'card'],
  ['refund', 'refund'],
  ['transfer', 'transfer'],
])
