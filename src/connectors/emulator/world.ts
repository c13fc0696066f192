import { Big } from 'big.js'
import type { AccountKind, PriceQuote, TransactionStatus } from '../../page.ts'

/** What an emulated provider knows, told as Tidemark should come to know it. */
export interface WorldAccount {
  id: string
  name: string
  kind: AccountKind
  /** What a row is in that names no asset. */
  asset: string
  /** The provider's identity of its owner, on a platform-wide connection. */
  owner?: string
}

export interface WorldRow {
  account: string
  id: string
  /** ISO 8601 in UTC. */
  occurredAt: string
  /** Positive into the account. */
  amount: string
  asset?: string
  kind?: string
  status?: TransactionStatus
  description?: string
  counterparty?: string
  /** Ties the legs of one event. */
  group?: string
  /** The pending row whose place this one took. */
  replaces?: string
}

/** In the order in which they happened; a feed of deltas reads on from a sequence number. */
export interface WorldEvent {
  sequence: number
  type: 'added' | 'changed' | 'removed'
  row: WorldRow
}

export interface World {
  accounts(): WorldAccount[]
  openAccount(account: WorldAccount): void
  /** All rows, oldest first; of one instant in the order of their ids. */
  rows(account?: string): WorldRow[]
  /** Adds a row, or changes the one of this account and id. */
  put(row: WorldRow): void
  remove(account: string, id: string): void
  /** What the account held before its first row; zero unless told. */
  setOpening(account: string, asset: string, amount: string): void
  /** Opening and posted rows, exact. By asset, those of zero left out unless it is the account's own. */
  balances(account: string): Map<string, string>
  events(): WorldEvent[]
  prices(): PriceQuote[]
  putPrice(price: PriceQuote): void
}

export function createWorld(): World {
  const accounts = new Map<string, WorldAccount>()
  const rows = new Map<string, WorldRow>()
  const openings = new Map<string, Map<string, string>>()
  const prices = new Map<string, PriceQuote>()
  const events: WorldEvent[] = []
  const keyOf = (account: string, id: string) => `${account}\x1f${id}`
  const record = (type: WorldEvent['type'], row: WorldRow) =>
    events.push({ sequence: events.length + 1, type, row: { ...row } })

  return {
    accounts: () => [...accounts.values()],
    openAccount: (account) => {
      accounts.set(account.id, account)
    },
    rows: (account) =>
      [...rows.values()]
        .filter((row) => account === undefined || row.account === account)
        .toSorted((a, b) => compare(a.occurredAt, b.occurredAt) || compare(a.id, b.id)),
    put(row) {
      if (!accounts.has(row.account)) throw new RangeError(`there is no account ${row.account}`)
      const key = keyOf(row.account, row.id)
      const known = rows.has(key)
      rows.set(key, { ...row })
      record(known ? 'changed' : 'added', row)
    },
    remove(account, id) {
      const row = rows.get(keyOf(account, id))
      if (!row) throw new RangeError(`the account ${account} has no row ${id}`)
      rows.delete(keyOf(account, id))
      record('removed', row)
    },
    setOpening(account, asset, amount) {
      const opening = openings.get(account) ?? new Map<string, string>()
      opening.set(asset, amount)
      openings.set(account, opening)
    },
    balances(account) {
      const own = accounts.get(account)?.asset ?? ''
      const sums = new Map([[own, new Big(0)]])
      for (const [asset, amount] of openings.get(account) ?? []) sums.set(asset, new Big(amount))
      for (const row of rows.values()) {
        if (row.account !== account || (row.status ?? 'posted') !== 'posted') continue
        const asset = row.asset ?? own
        sums.set(asset, (sums.get(asset) ?? new Big(0)).plus(row.amount))
      }
      return new Map(
        [...sums]
          .filter(([asset, sum]) => asset === own || !sum.eq(0))
          .map(([asset, sum]) => [asset, sum.toFixed()]),
      )
    },
    events: () => events,
    prices: () => [...prices.values()],
    putPrice: (price) => {
      prices.set(`${price.asset}\x1f${price.currency}\x1f${price.day}`, price)
    },
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
