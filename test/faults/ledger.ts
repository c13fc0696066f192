import { Big } from 'big.js'
import { addDays } from '../../src/calendar.ts'

/** An entry by hand, or a row of a statement: told apart by its description, which the client chooses. */
export interface Entry {
  description: string
  date: string
  amount: string
  /** Once the server has told it. */
  id?: string
  note?: string
}

/**
 * What one client knows of what it wrote: a list of writes in the order in which it made them, one after the other. At
 * any time the server holds all that were acknowledged, and perhaps the one that is under way.
 */
export interface Ledger {
  entries: Entry[]
  rows: Entry[]
  /** What a balance was set to, by day. */
  balances: Map<string, string>
  /** Writes that were begun, and acknowledged. */
  begun(): number
  acknowledged(): number
  /** The write is under way until `done`. */
  begin(change: () => void): void
  done(): void
  /** What the account of entries held after each write from `first` to `last`. */
  cashBetween(first: number, last: number): string[]
}

export function createLedger(): Ledger {
  const entries: Entry[] = []
  const rows: Entry[] = []
  const balances = new Map<string, string>()
  const cash = ['0']
  let acknowledged = 0
  return {
    entries,
    rows,
    balances,
    begun: () => cash.length - 1,
    acknowledged: () => acknowledged,
    begin(change) {
      const before = entries.length
      change()
      const added = entries.slice(before).reduce((sum, { amount }) => sum.plus(amount), new Big(0))
      cash.push(new Big(cash.at(-1)!).plus(added).toFixed())
    },
    done: () => {
      acknowledged = cash.length - 1
    },
    cashBetween: (first, last) => cash.slice(first, last + 1),
  }
}

/** The worth at the end of each day: every movement up to it, and the last balance that was set by then. */
export function worthByDay(
  movements: readonly { date: string; amount: string }[],
  balances: ReadonlyMap<string, string>,
  from: string,
  to: string,
): Map<string, string> {
  const worth = new Map<string, string>()
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const moved = movements.filter(({ date }) => date <= day)
    const last = [...balances.keys()]
      .filter((date) => date <= day)
      .toSorted()
      .at(-1)
    const sum = moved.reduce(
      (total, { amount }) => total.plus(amount),
      new Big(balances.get(last ?? '') ?? 0),
    )
    worth.set(day, sum.toFixed())
  }
  return worth
}
