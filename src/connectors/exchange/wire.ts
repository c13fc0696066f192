import { z } from 'zod'
import { decimalOfNumber } from '../json.ts'

/** A quantity, as ccxt hands it on here: the text of the answer. */
const decimal = z.string().transform((text, context) => {
  const plain = decimalOfNumber(text)
  if (plain !== undefined) return plain
  context.addIssue({ code: 'custom', message: 'is no decimal' })
  return z.NEVER
})
const id = z.string().min(1).max(120)
const code = z.string().min(1).max(32)
const milliseconds = z.number().int().positive()
const fee = z.object({ cost: decimal.nullish(), currency: code.nullish() })

/** ccxt's unified structures (https://docs.ccxt.com/#/?id=ledger-entry-structure, trade and transaction likewise). */
export const ledgerEntry = z.object({
  id,
  timestamp: milliseconds,
  direction: z.enum(['in', 'out']),
  referenceId: z.string().nullish(),
  type: z.string().nullish(),
  currency: code,
  amount: decimal,
  before: decimal.nullish(),
  after: decimal.nullish(),
  status: z.string().nullish(),
  fee: fee.nullish(),
  /** The exchange's own words. */
  info: z.record(z.string(), z.unknown()).nullish(),
})
export type LedgerEntry = z.infer<typeof ledgerEntry>

export const trade = z.object({
  id,
  timestamp: milliseconds,
  symbol: z.string().regex(/^[^/:]+\/[^/:]+$/, 'is not that of a spot market'),
  side: z.enum(['buy', 'sell']),
  amount: decimal,
  cost: decimal,
  fee: fee.nullish(),
  fees: z.array(fee).nullish(),
})
export type Trade = z.infer<typeof trade>

export const transaction = z.object({
  id: id.nullish(),
  txid: id.nullish(),
  timestamp: milliseconds,
  type: z.enum(['deposit', 'withdrawal']),
  currency: code,
  amount: decimal,
  status: z.string().nullish(),
  fee: fee.nullish(),
})
export type Transaction = z.infer<typeof transaction>

export const balance = z.object({ total: z.record(z.string(), z.unknown()) })
export const quantity = decimal

/** Kraken (https://docs.kraken.com/api/docs/rest-api/get-ledgers). Numbers are their texts. */
export const krakenLedger = z.object({
  result: z.object({
    ledger: z.record(z.string(), z.unknown()),
    count: z.coerce.number().int().nonnegative().optional(),
  }),
})
export const krakenDeposits = z.object({ result: z.array(z.unknown()) })
export const krakenBalance = z.object({ result: z.record(z.string(), z.unknown()) })

/** Binance (https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints). */
export const binanceList = z.array(z.unknown())
export const binanceAccount = z.object({ balances: z.array(z.unknown()) })

/** Coinbase (https://docs.cdp.coinbase.com/coinbase-app/track-apis/transactions). */
export const coinbaseList = z.object({
  data: z.array(z.unknown()),
  pagination: z.object({ next_starting_after: z.string().nullish() }).nullish(),
})
export const coinbaseWallet = z.object({
  id,
  name: z.string().nullish(),
  balance: z.object({ amount: decimal, currency: code }),
})
