import type { Asset } from './units.ts'

export interface LedgerEntry {
  day: string
  /** In the asset's smallest unit, positive into the account. */
  amount: bigint
  asset: Asset
  kind: string
  description: string
  counterparty?: string
  category?: string
  /** Names the event whose legs belong together. */
  group?: string
  /** Currency of a card payment abroad, with the euros one unit of it cost. */
  original?: { currency: string; rate: string }
  /** On the cash leg of a purchase or a dividend of a security. */
  security?: { asset: Asset; units: bigint; price: string; fee: bigint }
}

/** The movements of one account in memory. */
export interface Ledger {
  readonly name: string
  /** Movements after the ledger's last day are left out. */
  post(entry: LedgerEntry): void
  /** At the end of `day`, or of the last day. */
  balance(asset: Asset, day?: string): bigint
  /** By day; those of one day as they were posted. */
  entries(): LedgerEntry[]
}

export function createLedger(name: string, lastDay: string): Ledger {
  const posted: LedgerEntry[] = []
  return {
    name,
    post(entry) {
      if (entry.day <= lastDay && entry.amount !== 0n) posted.push(entry)
    },
    balance: (asset, day = lastDay) =>
      sumOf(
        posted.filter((entry) => entry.day <= day),
        asset,
      ),
    entries: () => posted.toSorted((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0)),
  }
}

export function sumOf(entries: LedgerEntry[], asset: Asset): bigint {
  return entries.reduce((sum, entry) => (entry.asset === asset ? sum + entry.amount : sum), 0n)
}

/** Both legs of a transfer between own accounts, booked on one day. */
export function transfer(
  from: Ledger,
  to: Ledger,
  leg: { day: string; amount: bigint; asset: Asset; description: string },
): void {
  const common = { ...leg, kind: 'transfer', category: 'Transfers' }
  from.post({ ...common, amount: -leg.amount, counterparty: to.name })
  to.post({ ...common, counterparty: from.name })
}
