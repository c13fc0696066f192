import { Big } from 'big.js'
import { addDays } from '../../src/calendar.ts'
import type { Delete, ReportedBalance, Upsert } from '../../src/page.ts'

/**
 * What ingest must come to, written down a second time and in another way: from the whole set of changes and
 * reported balances at once, with no order among them.
 */

export interface LedgerRow {
  account: string
  bookedOn: string
  amount: string
  asset: string
  kind: string
  status: string
  description: string | null
}

export interface LedgerReconciliation {
  account: string
  asset: string
  day: string
  edge: string
  reported: string
  folded: string
}

export interface Ledger {
  rows: LedgerRow[]
  reconciliations: LedgerReconciliation[]
}

export function settleLedger(changes: (Upsert | Delete)[], balances: ReportedBalance[]): Ledger {
  const provided = lastWords(changes)
  const reported = holdingBalances(balances)
  const rows = [...provided]
  const reconciliations: LedgerReconciliation[] = []
  for (const pair of new Set(reported.map((balance) => `${balance.account} ${balance.asset}`))) {
    const [account = '', asset = ''] = pair.split(' ')
    const own = provided.filter(
      (row) => row.account === account && row.asset === asset && row.status === 'posted',
    )
    const entries = (day: string) => sum(own.filter((row) => row.bookedOn <= day).map((row) => row.amount))
    const points = reported
      .filter((balance) => balance.account === account && balance.asset === asset)
      .sort((a, b) => (a.day + a.edge < b.day + b.edge ? -1 : 1))
    const first = points[0]!
    const made: LedgerRow[] = []
    const folded = (day: string) =>
      entries(day).plus(sum(made.filter((row) => row.bookedOn <= day).map((row) => row.amount)))
    const make = (kind: string, bookedOn: string, amount: Big, description: string) => {
      if (amount.eq(0)) return
      made.push({ account, asset, bookedOn, amount: amount.toFixed(), kind, status: 'posted', description })
    }
    if (first.edge !== 'set') {
      const dayBefore = own.map((row) => addDays(row.bookedOn, -1)).sort()[0]
      const day = dayBefore !== undefined && dayBefore < first.day ? dayBefore : first.day
      make('opening', day, new Big(first.amount).minus(entries(first.day)), 'Opening balance')
    }
    for (const point of points.filter((balance) => balance.edge === 'set')) {
      make('revaluation', point.day, new Big(point.amount).minus(folded(point.day)), 'Balance set by hand')
    }
    rows.push(...made)
    for (const point of points) {
      reconciliations.push({
        account,
        asset,
        day: point.day,
        edge: point.edge,
        reported: new Big(point.amount).toFixed(),
        folded: folded(point.day).toFixed(),
      })
    }
  }
  return { rows: sorted(rows), reconciliations: sorted(reconciliations) }
}

/** The balance of an account in an asset at the end of a day. */
export function foldBalance(rows: LedgerRow[], account: string, asset: string, day: string): Big {
  return sum(
    rows
      .filter((row) => row.account === account && row.asset === asset)
      .filter((row) => row.status === 'posted' && row.bookedOn <= day)
      .map((row) => row.amount),
  )
}

export function sorted<T>(rows: T[]): T[] {
  const text = (row: T) => JSON.stringify(row)
  return [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

function sum(amounts: string[]): Big {
  return amounts.reduce((total, amount) => total.plus(amount), new Big(0))
}

function lastWords(changes: (Upsert | Delete)[]): LedgerRow[] {
  const gone = new Set(
    changes.flatMap((change) =>
      change.type === 'upsert' ? (change.replaces ?? []).map((id) => `${change.account} ${id}`) : [],
    ),
  )
  const words = new Map<string, Upsert | Delete>()
  for (const change of changes) {
    const key = `${change.account} ${change.id}`
    const earlier = words.get(key)
    if (!earlier || (change.version ?? 0) > (earlier.version ?? 0)) words.set(key, change)
  }
  return [...words].flatMap(([key, word]) =>
    word.type === 'delete' || gone.has(key)
      ? []
      : [
          {
            account: word.account,
            asset: word.asset,
            bookedOn: word.bookedOn,
            amount: new Big(word.amount).toFixed(),
            kind: word.kind,
            status: word.status,
            description: word.description ?? null,
          },
        ],
  )
}

/** Of several balances for one day, the first statement's opening and the last one's closing. */
function holdingBalances(balances: ReportedBalance[]): ReportedBalance[] {
  const held = new Map<string, ReportedBalance>()
  for (const balance of balances) {
    const key = `${balance.account} ${balance.asset} ${balance.day} ${balance.edge}`
    const earlier = held.get(key)
    const later = (balance.sequence ?? 0) > (earlier?.sequence ?? 0)
    if (!earlier || (balance.edge === 'open' ? !later : later)) held.set(key, balance)
  }
  return [...held.values()]
}
