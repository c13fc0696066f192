import { addDays, dayOf, daysInMonth } from '../../calendar.ts'
import { type Ledger, type LedgerEntry, sumOf } from './ledger.ts'
import type { Asset } from './units.ts'

/** What an account did in one month or year: the unit that a bank makes a statement of. */
export interface Statement {
  account: string
  /** Counts from 1. */
  sequence: number
  from: string
  to: string
  /** Before the first entry and after the last one, in units of `asset`. */
  opening: bigint
  closing: bigint
  asset: Asset
  entries: NumberedEntry[]
}

/** `reference` numbers the account's entries in the order of their days; it is unique in the account. */
export type NumberedEntry = LedgerEntry & { reference: string }

/** An account as a bank keeps it. */
export interface StatementAccount {
  ledger: Ledger
  asset: Asset
  /** What the references of its entries begin with. */
  prefix: string
  /**
   * True where the format has no opening balance: what was held before the first statement is an entry of it
   * then. Elsewhere it is the opening balance.
   */
  openingEntry: boolean
}

/** The statements of an account from `from` to `to`; each opens with what the one before closed with. */
export function statementsOf(
  { ledger, asset, prefix, openingEntry }: StatementAccount,
  { from, to, every }: { from: string; to: string; every: 'month' | 'year' },
): Statement[] {
  const entries = numberedEntries(ledger, prefix)
  const between = (first: string, last: string) => entries.filter(({ day }) => day >= first && day <= last)

  let opening = openingEntry ? 0n : sumOf(between('', addDays(from, -1)), asset)
  const statements: Statement[] = []
  for (let first = from; first <= to; ) {
    const end = endOf(first, every)
    const last = end < to ? end : to
    const within = between(openingEntry && first === from ? '' : first, last)
    const closing = opening + sumOf(within, asset)
    const sequence = statements.length + 1
    statements.push({
      account: ledger.name,
      sequence,
      from: first,
      to: last,
      opening,
      closing,
      asset,
      entries: within,
    })
    opening = closing
    first = addDays(end, 1)
  }
  return statements
}

/** By day; `prefix` is what their references begin with. */
export function numberedEntries(ledger: Ledger, prefix: string): NumberedEntry[] {
  return ledger
    .entries()
    .map((entry, at) => ({ ...entry, reference: `${prefix}${String(at + 1).padStart(6, '0')}` }))
}

function endOf(day: string, every: 'month' | 'year'): string {
  const year = Number(day.slice(0, 4))
  const month = every === 'year' ? 12 : Number(day.slice(5, 7))
  return dayOf(year, month, daysInMonth(year, month))
}
