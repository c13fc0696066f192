import { parseDecimal } from '../../decimal.ts'
import type { PageAccount, PriceQuote, ReportedBalance, Upsert } from '../../page.ts'
import type { CheckedPage } from '../pull.ts'

/** What came of a page: a row that was said again as it was counts nowhere. */
export interface Applied {
  added: number
  changed: number
  removed: number
}

export interface MemoryStore {
  apply(page: CheckedPage): Applied
  accounts(): PageAccount[]
  rows(): Upsert[]
  balances(): ReportedBalance[]
  prices(): PriceQuote[]
}

/** Keeps the pages of one connection in memory, by the rules by which Tidemark stores them. */
export function createMemoryStore(): MemoryStore {
  const accounts = new Map<string, PageAccount>()
  const rows = new Map<string, Upsert>()
  const versions = new Map<string, number>()
  /** Ids whose place another row took: they never come back. */
  const replaced = new Set<string>()
  const balances = new Map<string, ReportedBalance>()
  const prices = new Map<string, PriceQuote>()

  const isStale = (key: string, version: number | undefined): boolean => {
    const known = versions.get(key)
    if (version !== undefined && known !== undefined && version < known) return true
    if (version !== undefined) versions.set(key, version)
    return false
  }

  return {
    apply(page) {
      const applied: Applied = { added: 0, changed: 0, removed: 0 }
      const remove = (key: string) => {
        if (rows.delete(key)) applied.removed++
      }
      for (const account of page.accounts) accounts.set(account.externalId, account)
      for (const change of page.changes) {
        const key = keyOf(change.account, change.id)
        if (replaced.has(key) || isStale(key, change.version)) continue
        if (change.type === 'delete') {
          remove(key)
          continue
        }
        for (const id of change.replaces ?? []) {
          if (id === change.id) continue
          remove(keyOf(change.account, id))
          replaced.add(keyOf(change.account, id))
        }
        const known = rows.get(key)
        const row = { ...change, amount: parseDecimal(change.amount)! }
        if (known === undefined) applied.added++
        else if (!same(known, row)) applied.changed++
        rows.set(key, row)
      }
      for (const { account, from, to, ids } of page.completed) {
        const said = new Set(ids)
        for (const [key, row] of rows) {
          if (row.account !== account || row.bookedOn < from || row.bookedOn > to) continue
          if (!said.has(row.id)) remove(key)
        }
      }
      for (const balance of page.balances) balances.set(keyOf(balance.account, balance.asset), balance)
      for (const price of page.prices) {
        const key = `${price.asset}\x1f${price.currency}\x1f${price.day}`
        const known = prices.get(key)
        const row = { ...price, price: parseDecimal(price.price)! }
        if (known === undefined) applied.added++
        else if (known.price !== row.price) applied.changed++
        prices.set(key, row)
      }
      return applied
    },
    accounts: () => [...accounts.values()],
    rows: () => [...rows.values()],
    balances: () => [...balances.values()],
    prices: () => [...prices.values()],
  }
}

function keyOf(account: string, id: string): string {
  return `${account}\x1f${id}`
}

function same(one: Upsert, other: Upsert): boolean {
  const text = (row: Upsert) =>
    JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  return text(one) === text(other)
}
