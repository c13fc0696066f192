/**
 * What connectors and statement readers hand to ingest: normalised rows. Amounts are exact decimal strings,
 * positive into the account; days are ISO dates; nothing is a JavaScript number that stands for money.
 */

export const accountKinds = [
  'checking',
  'savings',
  'card',
  'loan',
  'brokerage',
  'crypto',
  'wallet',
  'cash',
  'property',
  'other',
] as const
export type AccountKind = (typeof accountKinds)[number]

export const transactionStatuses = ['posted', 'pending', 'requested'] as const
export type TransactionStatus = (typeof transactionStatuses)[number]

export interface PageAccount {
  /** The provider's identity of the account, unique within its source (an IBAN, an account number, a name). */
  externalId: string
  kind?: AccountKind
  name?: string
  /**
   * The provider's identity of the account's owner, on a platform-wide connection whose rows are many users'. A user
   * is made for one who is new.
   */
  owner?: string
  /** What the worth of such a user is told in at first: EUR where it is not said. */
  ownerCurrency?: string
}

export interface Upsert {
  type: 'upsert'
  /** The `externalId` of one of the page's accounts. */
  account: string
  /** The provider's identity of the transaction within the account. */
  id: string
  /** Reporting day, YYYY-MM-DD. */
  bookedOn: string
  /** The instant, ISO 8601 with an offset, where it is known. */
  occurredAt?: string
  amount: string
  asset: string
  kind: string
  status: TransactionStatus
  description?: string
  counterparty?: string
  category?: string
  /** Names the event whose legs belong together, within the source (a trade, a transfer, its fee). */
  group?: string
  /** Ids that this row takes the place of, for good (the pending row that became this posted one). */
  replaces?: string[]
  /** Orders the versions of one id; a lower one never overwrites a higher one. Without it, the later arrival wins. */
  version?: number
}

export interface Delete {
  type: 'delete'
  account: string
  id: string
  version?: number
}

/**
 * Every row of the account between both days, included, has been said since the page group began: what is stored
 * there and was not said is gone from the provider, which has no other way to tell.
 */
export interface WindowComplete {
  type: 'window-complete'
  account: string
  /** YYYY-MM-DD. */
  from: string
  to: string
}

/** What the provider says the account held at the end of `day`, or at this moment. */
export interface ReportedBalance {
  account: string
  asset: string
  day: string
  /**
   * `open`: the balance before a statement's first entry; `close`: after its last one; `set`: by hand, which a
   * revaluation makes true whatever the transactions add up to. `now`: at this moment, in the middle of `day`; ingest
   * takes off it the rows of `day` that are known, which leaves what the day before closed with.
   */
  edge: 'open' | 'close' | 'set' | 'now'
  amount: string
  /** Statements of one day: the lowest `open` and the highest `close` count. */
  sequence?: number
}

/** One unit of `asset` cost `price` units of `currency` at the close of `day`. */
export interface PriceQuote {
  asset: string
  currency: string
  day: string
  price: string
}

export interface Page {
  accounts: PageAccount[]
  changes: (Upsert | Delete)[]
  balances: ReportedBalance[]
}
