import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { RefusedError } from '../errors.ts'

/** What is used of a ccxt exchange; what it answers is untyped until a schema has read it. */
export interface CcxtExchange {
  id: string
  name: string
  /** What it offers, by method; `emulated` where ccxt makes it of others. */
  has: Record<string, boolean | 'emulated' | undefined>
  urls: { api: unknown }
  options: Record<string, unknown>
  /** The class of an error by what the exchange calls it. */
  exceptions: { exact: Record<string, CcxtErrorClass> }
  markets?: Record<string, CcxtMarket>
  currencies?: Record<string, object>
  number: (text: string) => unknown
  milliseconds(): number
  seconds(): number
  nonce(): number
  sign(...request: unknown[]): unknown
  parseJson(text: string): unknown
  parseNumber(value: unknown, otherwise?: unknown): unknown
  fetchImplementation: (url: string, request: CcxtRequest) => Promise<CcxtResponse>
  handleErrors(
    status: number,
    reason: string,
    url: string,
    method: string,
    headers: object,
    body: string,
    parsed: unknown,
    requestHeaders: unknown,
    requestBody: unknown,
  ): unknown
  loadMarkets(reload?: boolean, params?: object): Promise<unknown>
  setMarketsFromExchange(source: CcxtMarkets): unknown
  fetchBalance(): Promise<unknown>
  fetchOHLCV(symbol: string, timeframe: string, since?: number, limit?: number): Promise<unknown>
  fetchLedger(code?: string, since?: number, limit?: number): Promise<unknown>
  fetchMyTrades(symbol?: string, since?: number, limit?: number): Promise<unknown>
  fetchDeposits(code?: string, since?: number, limit?: number): Promise<unknown>
  fetchWithdrawals(code?: string, since?: number, limit?: number): Promise<unknown>
  parseLedgerEntry(entry: unknown): unknown
  parseTrade(trade: unknown, market?: CcxtMarket): unknown
  parseTransaction(transaction: unknown): unknown
}

export interface CcxtMarket {
  id: string
  symbol: string
  base: string
  quote: string
  spot?: boolean
}

/** As much of an exchange as another takes its markets from. */
export interface CcxtMarkets {
  id: string
  options: Record<string, unknown>
  markets: Record<string, unknown>
  markets_by_id: Record<string, object[]>
  symbols: string[]
  ids: string[]
  currencies: Record<string, unknown>
  currencies_by_id: Record<string, unknown>
  baseCurrencies: object
  quoteCurrencies: object
  codes: string[]
}

export interface CcxtRequest {
  method: string
  headers: Record<string, string>
  body?: string
}

/** As much of a Response as ccxt reads. */
export interface CcxtResponse {
  status: number
  statusText: string
  headers: Headers
  text(): Promise<string>
}

export type CcxtErrorClass = abstract new (...args: never[]) => Error

export interface CcxtModule {
  Exchange: new (settings: object) => CcxtExchange
  errors: Record<CcxtErrorName, CcxtErrorClass>
}

type CcxtErrorName =
  | 'BaseError'
  | 'AccountSuspended'
  | 'PermissionDenied'
  | 'AuthenticationError'
  | 'RateLimitExceeded'
  | 'DDoSProtection'
  | 'OperationFailed'
  | 'BadResponse'
  | 'NotSupported'
  | 'ArgumentsRequired'

/**
 * One exchange of ccxt by its id. The package's entry would load more than a hundred of them (90 MB resident instead
 * of 30), and its exports name no other: so the file is loaded by where the entry lies.
 */
export async function loadCcxtExchange(id: string): Promise<CcxtModule> {
  const unknown = new RefusedError(`"${id}" is not the id of an exchange that ccxt knows, such as kraken`)
  if (!/^[a-z][a-z0-9]{1,29}$/.test(id)) throw unknown
  const entry = pathToFileURL(createRequire(import.meta.url).resolve('ccxt'))
  const at = (file: string) => new URL(`../js/src/${file}`, entry).href
  try {
    const [{ default: Exchange }, { default: errors }] = await Promise.all([
      import(at(`${id}.js`)),
      import(at('base/errors.js')),
    ])
    return { Exchange, errors }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') throw unknown
    throw error
  }
}
