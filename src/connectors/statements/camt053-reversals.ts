import Big from 'big.js'
import { negate } from '../../decimal.ts'
import type { StatementEntry } from '../../statement.ts'
import { kindBySign } from './record.ts'

/** Reversals of one statement that are held back; beyond it they are taken as the standard says. */
const maxHeld = 10_000

interface AssetSums {
  open?: Big
  close?: Big
  /** Posted entries that are no reversals. */
  entries: Big
  reversals: Big
}

/**
 * Decides the sign of reversals (RvslInd). By the standard, CdtDbtInd is the direction in which the reversal
 * itself moves the account: "If the CreditDebitIndicator is CRDT and ReversalIndicator is Yes, the original
 * operation was a debit entry" (ISO 20022 message definition report, ReversalIndicator). Some banks give the
 * direction of the original instead (github.com/OCA/bank-statement-import, issue 375). Where the statement has
 * both balances and adds up only with its reversals turned, they are turned; else the standard holds.
 */
export function createReversalCheck() {
  const sums = new Map<string, AssetSums>()
  const held: StatementEntry[] = []
  const of = (asset: string): AssetSums => {
    let found = sums.get(asset)
    if (!found) {
      found = { entries: new Big(0), reversals: new Big(0) }
      sums.set(asset, found)
    }
    return found
  }
  return {
    balance(edge: 'open' | 'close', asset: string, amount: string) {
      of(asset)[edge] = new Big(amount)
    },
    entry(entry: StatementEntry) {
      if (entry.status !== 'posted') return
      const sum = of(entry.asset)
      sum.entries = sum.entries.plus(entry.amount)
    },
    /** True where the entry is kept until `settle`. */
    hold(entry: StatementEntry): boolean {
      if (entry.status !== 'posted' || held.length >= maxHeld) return false
      held.push(entry)
      const sum = of(entry.asset)
      sum.reversals = sum.reversals.plus(entry.amount)
      return true
    },
    /** The held reversals, with their signs decided. */
    settle(): StatementEntry[] {
      return held.map((entry) => {
        const { open, close, entries, reversals } = of(entry.asset)
        if (!open || !close) return entry
        const left = close.minus(open).minus(entries)
        const turned = !left.eq(reversals) && left.eq(reversals.times(-1))
        if (!turned) return entry
        const amount = negate(entry.amount)
        const bySign = entry.kind === 'deposit' || entry.kind === 'withdrawal'
        return { ...entry, amount, kind: bySign ? kindBySign(amount) : entry.kind }
      })
    },
  }
}
