import { addDays } from '../../calendar.ts'
import { parseDecimal } from '../../decimal.ts'
import type { World } from '../emulator/world.ts'
import type { MemoryStore } from './memory-store.ts'

/** Everything that is known, a line each: what the provider has and what was stored are compared as texts. */
export interface Ledger {
  rows: string[]
  /** Rows that belong together, by the lines of the rows. */
  groups: string[]
  balances: string[]
  prices: string[]
  accounts: string[]
}

/** What should be stored of a provider: `from` is the first day of its history. */
export function ledgerOfWorld(world: World, from: string): Ledger {
  const accounts = new Map(world.accounts().map((account) => [account.id, account]))
  const rows = world
    .rows()
    .filter(({ occurredAt }) => occurredAt.slice(0, 10) >= from)
    .map((row) => ({
      group: row.group,
      line: rowLine({
        account: row.account,
        day: row.occurredAt.slice(0, 10),
        amount: row.amount,
        asset: row.asset ?? accounts.get(row.account)!.asset,
        status: row.status ?? 'posted',
      }),
    }))
  return {
    rows: rows.map(({ line }) => line).toSorted(),
    groups: groupLines(rows),
    balances: [...accounts.keys()]
      .flatMap((account) =>
        [...world.balances(account)].map(([asset, amount]) => balanceLine({ account, asset, amount })),
      )
      .filter(isNotZero)
      .toSorted(),
    prices: world
      .prices()
      .filter(({ day }) => day >= from)
      .map(priceLine)
      .toSorted(),
    accounts: [...accounts.values()]
      .map(({ id, owner }) => (owner === undefined ? id : `${id} of ${owner}`))
      .toSorted(),
  }
}

export function ledgerOfStore(store: MemoryStore, from: string): Ledger {
  const rows = store
    .rows()
    .filter(({ bookedOn }) => bookedOn >= from)
    .map((row) => ({ group: row.group, line: rowLine({ ...row, day: row.bookedOn }) }))
  return {
    rows: rows.map(({ line }) => line).toSorted(),
    groups: groupLines(rows),
    balances: store
      .balances()
      .filter(({ edge }) => edge === 'now' || edge === 'close')
      .map(balanceLine)
      .filter(isNotZero)
      .toSorted(),
    prices: store
      .prices()
      .filter(({ day }) => day >= from)
      .map(priceLine)
      .toSorted(),
    accounts: store
      .accounts()
      .map(({ externalId, owner }) => (owner === undefined ? externalId : `${externalId} of ${owner}`))
      .toSorted(),
  }
}

/** The first difference, in a sentence; undefined where rows, groups and prices agree. */
export function differenceOf(expected: Ledger, got: Ledger): string | undefined {
  return (
    listDifference('account', expected.accounts, got.accounts) ??
    listDifference('row', expected.rows, got.rows) ??
    listDifference('group', expected.groups, got.groups) ??
    listDifference('price', expected.prices, got.prices)
  )
}

/** Two sorted lists: how many each has, and the first thing that one has and the other has not. */
export function listDifference(noun: string, expected: string[], got: string[]): string | undefined {
  const missing = without(expected, got)
  const extra = without(got, expected)
  if (missing.length === 0 && extra.length === 0) return undefined
  const parts = [`expected ${count(expected.length, noun)} and got ${got.length}`]
  if (missing.length > 0) parts.push(`${missing.length} missing, the first: ${missing[0]}`)
  if (extra.length > 0) parts.push(`${extra.length} too many, the first: ${extra[0]}`)
  return parts.join('; ')
}

function without(lines: string[], others: string[]): string[] {
  const left = new Map<string, number>()
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter((line) => {
    const times = left.get(line) ?? 0
    if (times > 0) left.set(line, times - 1)
    return times === 0
  })
}

/** The first day of which everything is wanted, on `today`. */
export function firstDayOf(maxDays: number, today: string): string {
  return addDays(today, -maxDays)
}

interface RowParts {
  account: string
  day: string
  amount: string
  asset: string
  status: string
}

export function rowLine({ account, day, amount, asset, status }: RowParts): string {
  return `${account} ${day} ${canonical(amount)} ${asset} ${status}`
}

function balanceLine({ account, asset, amount }: { account: string; asset: string; amount: string }): string {
  return `${account} ${canonical(amount)} ${asset}`
}

/** An asset that is not held any more may be left out as well as be told. */
function isNotZero(line: string): boolean {
  return line.split(' ').at(-2) !== '0'
}

function priceLine(price: { asset: string; currency: string; day: string; price: string }): string {
  return `${price.day} ${price.asset}/${price.currency} ${canonical(price.price)}`
}

/** A group of one is none: its row stands for itself. */
function groupLines(rows: { group: string | undefined; line: string }[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { group, line } of rows) {
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), line])
  }
  return [...groups.values()]
    .filter((lines) => lines.length > 1)
    .map((lines) => lines.toSorted().join(' + '))
    .toSorted()
}

function canonical(amount: string): string {
  return parseDecimal(amount) ?? `"${amount}", which is no decimal`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
