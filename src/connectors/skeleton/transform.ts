import {
  negate,
  type PageAccount,
  parseDecimal,
  type ReportedBalance,
  type Upsert,
} from '../connector-kit.ts'
import type { Account, Transaction } from './wire.ts'

// From the provider's words to Tidemark's, and nothing else: no request, no clock. Amounts are decimal strings,
// positive into the account; Number() would lose digits.

const kinds = { current: 'checking', savings: 'savings', credit: 'card' } as const

export function asAccount(account: Account): PageAccount {
  return { externalId: account.id, kind: kinds[account.type], name: account.name }
}

export function asUpsert(transaction: Transaction, account: Account): Upsert {
  return {
    type: 'upsert',
    account: account.id,
    id: transaction.id,
    // The provider tells UTC instants; where it tells a booking date, that is the day.
    bookedOn: transaction.bookedAt.slice(0, 10),
    occurredAt: transaction.bookedAt,
    amount: transaction.direction === 'out' ? taken(transaction.amount) : transaction.amount,
    asset: transaction.currency,
    kind: transaction.direction === 'out' ? 'withdrawal' : 'deposit',
    status: transaction.state === 'pending' ? 'pending' : 'posted',
    ...(transaction.text !== undefined && { description: transaction.text }),
    ...(transaction.party !== undefined && { counterparty: transaction.party }),
    ...(transaction.wasPending !== undefined && { replaces: [transaction.wasPending] }),
  }
}

/** What the account holds now, in the middle of the day of `now`. */
export function asBalance(account: Account, now: Date): ReportedBalance {
  return {
    account: account.id,
    asset: account.currency,
    day: now.toISOString().slice(0, 10),
    edge: 'now',
    amount: account.type === 'credit' ? taken(account.balance) : account.balance,
  }
}

/** The other sign. What is no decimal stays as it is, and becomes a problem of its row. */
function taken(amount: string): string {
  const decimal = parseDecimal(amount)
  return decimal === undefined ? amount : negate(decimal)
}
