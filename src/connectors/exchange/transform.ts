import { Big } from 'big.js'
import { negate, parseDecimal } from '../../decimal.ts'
import type { Delete, ReportedBalance, Upsert } from '../../page.ts'
import type { PageProblem } from '../connector.ts'
import { type LedgerEntry, quantity, type Trade, type Transaction } from './wire.ts'

export const mainAccount = 'main'

/** A ledger entry's amount and, as a row of its own, its fee. `feeInAmount`: the amount has lost the fee already. */
export function ledgerRows(
  entry: LedgerEntry,
  { account = mainAccount, feeInAmount = false }: { account?: string; feeInAmount?: boolean } = {},
): (Upsert | Delete)[] {
  const kind = kindOfEntry(entry)
  const signed = (amount: string) =>
    entry.direction === 'out' ? negate(canonical(amount)) : canonical(amount)
  const event = {
    account,
    group: entry.referenceId || entry.id,
    status: entry.status,
    timestamp: entry.timestamp,
  }
  const fee = feeInAmount ? [] : feeLegs(entry.id, [entry.fee ?? {}], entry.currency)
  const amount = signed(entry.amount)
  // An entry that is nothing but a fee (margin rollover).
  const main = amount === '0' && fee.length > 0 ? [] : [{ id: entry.id, asset: entry.currency, amount, kind }]
  return rowsOf(event, [...main, ...fee])
}

/** What was bought, what was paid for it, and the fee: one event. */
export function tradeRows(trade: Trade): (Upsert | Delete)[] {
  const [base = '', quote = ''] = trade.symbol.split('/')
  const id = `${trade.symbol}:${trade.id}`
  const [amount, cost] = [canonical(trade.amount), canonical(trade.cost)]
  const buys = trade.side === 'buy'
  const fees = trade.fees?.length ? trade.fees : [trade.fee ?? {}]
  return rowsOf({ account: mainAccount, group: `trade:${id}`, timestamp: trade.timestamp, status: 'ok' }, [
    { id: `${id}:base`, asset: base, amount: buys ? amount : negate(amount), kind: 'trade' },
    { id: `${id}:quote`, asset: quote, amount: buys ? negate(cost) : cost, kind: 'trade' },
    ...feeLegs(id, fees, quote),
  ])
}

/** A deposit or a withdrawal, and what the exchange took for it; deletions where it came to nothing. */
export function transactionRows(transaction: Transaction): (Upsert | Delete)[] {
  const { type, amount, currency, timestamp, status, fee } = transaction
  const id = `${type}:${transaction.id ?? transaction.txid ?? ''}`
  const signed = type === 'deposit' ? canonical(amount) : negate(canonical(amount))
  return rowsOf({ account: mainAccount, group: id, status, timestamp }, [
    { id, asset: currency, amount: signed, kind: type },
    ...feeLegs(id, [fee ?? {}], currency),
  ])
}

/** What is held of each asset now; of those that are not held any more only the ones in `seen`. */
export function reportedBalances(
  totals: Record<string, unknown>,
  day: string,
  seen: Set<string>,
  account = mainAccount,
): { balances: ReportedBalance[]; problems: PageProblem[] } {
  const sums = new Map([...seen].map((asset) => [asset, new Big(0)]))
  const faulty = new Set<string>()
  for (const [code, total] of Object.entries(totals)) {
    if (total === undefined || total === null) continue
    const asset = assetOf(code)
    const { data } = quantity.safeParse(total)
    if (data === undefined) faulty.add(asset)
    else sums.set(asset, (sums.get(asset) ?? new Big(0)).plus(data))
  }
  const balances: ReportedBalance[] = [...sums]
    .filter(([asset, sum]) => !faulty.has(asset) && (!sum.eq(0) || seen.has(asset)))
    .map(([asset, sum]) => ({ account, asset, day, edge: 'now', amount: sum.toFixed() }))
  const problems = [...faulty].map((asset) => ({
    account,
    message: `what is held of ${asset.slice(0, 32)} could not be read`,
  }))
  return { balances, problems }
}

/**
 * Kraken keeps what earns interest apart (ETH.F, DOT.S, XBT.M, USD.B): the same asset, which moves in and out by
 * rows that cancel each other out. A `.T` is another asset, a share as a token.
 */
export function assetOf(code: string): string {
  return code.replace(/(?<=.)\.(?:F|S|M|B|P)$/, '')
}

interface Leg {
  id: string
  asset: string
  amount: string
  kind: string
}

function rowsOf(
  event: { account: string; group: string; timestamp: number; status: string | null | undefined },
  legs: Leg[],
): (Upsert | Delete)[] {
  const { account, group, timestamp } = event
  const status = statusOf(event.status)
  if (status === 'gone') return legs.map(({ id }) => ({ type: 'delete', account, id }))
  const occurredAt = new Date(timestamp).toISOString()
  return legs.map(({ id, asset, amount, kind }) => ({
    type: 'upsert',
    account,
    id,
    bookedOn: occurredAt.slice(0, 10),
    occurredAt,
    amount,
    asset: assetOf(asset),
    kind,
    status,
    group,
  }))
}

/** A fee below zero is a rebate. */
function feeLegs(id: string, fees: NonNullable<Trade['fees']>, currency: string): Leg[] {
  return fees.flatMap((fee, index) => {
    const cost = canonical(fee.cost ?? '0')
    if (cost === '0') return []
    const asset = fee.currency ?? currency
    return [{ id: `${id}:fee${index === 0 ? '' : index + 1}`, asset, amount: negate(cost), kind: 'fee' }]
  })
}

function statusOf(status: string | null | undefined): 'posted' | 'pending' | 'gone' {
  if (status == null || status === 'ok') return 'posted'
  return ['failed', 'canceled', 'rejected', 'expired'].includes(status) ? 'gone' : 'pending'
}

const kinds: Record<string, string[]> = {
  trade: [
    'trade',
    'spend',
    'receive',
    'buy',
    'sell',
    'conversion',
    'settled',
    'margin',
    'advanced_trade_fill',
  ],
  deposit: ['deposit', 'fiat_deposit'],
  withdrawal: ['withdrawal', 'fiat_withdrawal'],
  transfer: ['transfer', 'exchange_deposit', 'exchange_withdrawal', 'pro_deposit', 'pro_withdrawal', 'earn'],
  reward: ['reward', 'staking', 'staking_reward', 'inflation_reward', 'dividend', 'interest', 'cashback'],
  fee: ['fee', 'rollover'],
}
const kindByType = new Map(
  Object.entries(kinds).flatMap(([kind, types]) => types.map((type) => [type, kind])),
)

/** The exchange's own word tells most; ccxt's type where it is not among the known ones. */
function kindOfEntry({ info, type, direction }: LedgerEntry): string {
  if (info?.type === 'earn' && info.subtype === 'reward') return 'reward'
  const own = typeof info?.type === 'string' ? kindByType.get(info.type.toLowerCase()) : undefined
  if (own !== undefined) return own
  if (type === 'transaction') return direction === 'in' ? 'deposit' : 'withdrawal'
  return kindByType.get(type ?? '') ?? 'other'
}

function canonical(amount: string): string {
  // What is out of bounds goes on as it is, to be told as a problem.
  return parseDecimal(amount) ?? amount
}
