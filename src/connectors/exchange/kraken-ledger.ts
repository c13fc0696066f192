import type { CcxtClient } from '../ccxt-client.ts'
import type { CcxtExchange } from '../ccxt-module.ts'
import { parseAnswer } from './reading.ts'
import { krakenDeposits, krakenLedger } from './wire.ts'

export interface KrakenExchange extends CcxtExchange {
  privatePostLedgers(params: object): Promise<unknown>
  privatePostDepositStatus(params: object): Promise<unknown>
}

/** How far the ledger was read: what lies at or before the second `until`, but for the newest `skip` of those. */
export interface LedgerPosition {
  until: number
  skip: number
}

export interface LedgerPage {
  entries: ({ id: string } & Record<string, unknown>)[]
  /** How many entries the query has in all, where it is told. */
  count: number | undefined
  /** Undefined where the ledger ends. */
  next: LedgerPosition | undefined
}

/**
 * One page of Kraken's ledger, which lists the newest first and 50 at a time. An offset alone would miss entries
 * when others come or go meanwhile; so the next page begins at the second of the oldest entry so far, and only
 * within that second goes by offset. `from`: whole seconds; Kraken's `start` is exclusive, its `end` inclusive.
 */
export async function readLedgerPage(
  client: CcxtClient,
  from: number | undefined,
  { until, skip }: LedgerPosition,
): Promise<LedgerPage> {
  const answer = await client.call((exchange) =>
    (exchange as KrakenExchange).privatePostLedgers({
      end: String(until),
      ...(from !== undefined && { start: String(from - 1) }),
      ...(skip > 0 && { ofs: String(skip) }),
    }),
  )
  const { ledger, count } = parseAnswer(krakenLedger, answer).result
  const entries = Object.entries(ledger).map(([id, entry]) => ({ ...(entry as object), id }))
  const page = { entries, count }
  if (entries.length === 0 || (count !== undefined && skip + entries.length >= count))
    return { ...page, next: undefined }
  const seconds = entries.map((entry) => Math.ceil(Number('time' in entry ? entry.time : Number.NaN)))
  const oldest = Math.min(...seconds.filter(Number.isFinite), until)
  return {
    ...page,
    next:
      oldest < until
        ? { until: oldest, skip: seconds.filter((second) => second === oldest).length }
        : { until, skip: skip + entries.length },
  }
}

/** Deposits since `from` (seconds), as ccxt parses them one by one; 50 of the newest are more than ever are pending. */
export async function readDeposits(client: CcxtClient, from: number): Promise<unknown[]> {
  const answer = await client.call((exchange) =>
    (exchange as KrakenExchange).privatePostDepositStatus({ start: String(from - 1) }),
  )
  return parseAnswer(krakenDeposits, answer).result.map((deposit) => ({
    ...(deposit as object),
    type: 'deposit',
  }))
}
