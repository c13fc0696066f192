import { z } from 'zod'
import type { Delete, Upsert } from '../../page.ts'
import type { CcxtExchange, CcxtMarket } from '../ccxt-module.ts'
import type { PageProblem, SyncPage } from '../connector.ts'
import type { JsonValue } from '../json.ts'
import { accountOf, dayLength, parseAnswer, parseRows, type Reader, startOfDay } from './reading.ts'
import { mainAccount, reportedBalances, tradeRows, transactionRows } from './transform.ts'
import { balance, binanceAccount, binanceList, trade, transaction } from './wire.ts'

interface BinanceExchange extends CcxtExchange {
  privateGetMyTrades(params: object): Promise<unknown>
  sapiGetCapitalDepositHisrec(params: object): Promise<unknown>
  sapiGetCapitalWithdrawHistory(params: object): Promise<unknown>
}

/**
 * `deposits`, `withdrawals`: everything before that millisecond was read. `trades`: by market, the id of the first
 * trade that was not. `assets`: every asset that was ever seen, since each may have been traded. `held`: what was
 * held when all markets of the assets in `read` had been read, by which those that did not move are told. `page`
 * only tells one page from another.
 */
const cursorSchema = z.object({
  deposits: z.number().int().positive().optional(),
  withdrawals: z.number().int().positive().optional(),
  trades: z.record(z.string(), z.string().regex(/^\d{1,20}$/)).default({}),
  assets: z.array(z.string()).default([]),
  read: z.array(z.string()).default([]),
  held: z.record(z.string(), z.string()).optional(),
  page: z.number().default(0),
})
type Cursor = z.infer<typeof cursorSchema>

/** The exchange opened in July 2017. */
const opening = Date.parse('2017-07-01T00:00:00Z')
/** "The time between startTime and endTime must be within 90 days", for deposits and withdrawals alike. */
const longestWindow = 90 * dayLength - 1
const pageSize = 1_000

/**
 * Binance has no ledger of its spot account: deposits and withdrawals in windows of 90 days, and trades one market
 * at a time, the ids of each rising. Which markets, it does not tell: all those of the assets seen in balances,
 * deposits and withdrawals, unless the owner names them.
 */
export const readBinance: Reader = async function* ({ client, cursor, from, now, symbols }) {
  const known = cursorSchema.safeParse(cursor)
  const state: Cursor = known.success ? known.data : { trades: {}, assets: [], read: [], page: 0 }
  const assets = new Set(state.assets)
  const account = accountOf(client)
  const seen = new Set<string>()
  const page = (rows: (Upsert | Delete)[], problems: PageProblem[]): SyncPage => {
    for (const row of rows) if (row.type === 'upsert') seen.add(row.asset)
    state.assets = [...assets]
    state.page++
    // A copy: the state goes on.
    const cursor = JSON.parse(JSON.stringify(state)) as JsonValue
    return { accounts: [account], changes: rows, balances: [], problems, cursor, groupEnd: true }
  }

  const answer = await client.call((exchange) => exchange.fetchBalance())
  parseAnswer(z.object({ info: binanceAccount }), answer)
  const before = heldOf(parseAnswer(balance, answer).total)
  for (const asset of Object.keys(before)) assets.add(asset)

  for (const type of ['deposits', 'withdrawals'] as const) {
    const since = Math.min(state[type] ?? opening, startOfDay(from), now.getTime())
    let start = Math.max(since, opening)
    while (start <= now.getTime()) {
      const end = Math.min(start + longestWindow, now.getTime())
      for (let offset = 0; ; ) {
        const raw = parseAnswer(
          binanceList,
          await client.call((exchange) => {
            const binance = exchange as BinanceExchange
            const params = { startTime: start, endTime: end, limit: pageSize, offset }
            return type === 'deposits'
              ? binance.sapiGetCapitalDepositHisrec(params)
              : binance.sapiGetCapitalWithdrawHistory(params)
          }),
        )
        if (raw.length === 0) break
        offset += raw.length
        const kind = type === 'deposits' ? 'deposit' : 'withdrawal'
        const parse = (row: object) => client.exchange.parseTransaction({ ...row, type: kind })
        const { rows, problems } = parseRows(raw, parse, transaction, transactionRows)
        for (const row of rows) if (row.type === 'upsert') assets.add(row.asset)
        yield { ...page(rows, problems), groupEnd: false, cursor: [type, start, offset] }
      }
      state[type] = end
      yield page([], [])
      start = end + 1
    }
  }

  const { markets, problems } = marketsToRead(client.exchange.markets ?? {}, assets, symbols)
  const moved = (asset: string) => before[asset] !== state.held?.[asset]
  for (const market of markets) {
    // Nothing was traded where neither side moved.
    const wasRead = state.held !== undefined && state.read.includes(market.base) && symbols === undefined
    if (wasRead && !moved(market.base) && !moved(market.quote)) continue
    for (;;) {
      const fromId = state.trades[market.id] ?? '0'
      const raw = parseAnswer(
        binanceList,
        await client.call((exchange) =>
          (exchange as BinanceExchange).privateGetMyTrades({ symbol: market.id, fromId, limit: pageSize }),
        ),
      )
      const ids = raw.map(idOfTrade).filter((id) => id >= BigInt(fromId))
      if (ids.length === 0) break
      state.trades[market.id] = String(
        ids.reduce((last, id) => (id >= last ? id + 1n : last), BigInt(fromId)),
      )
      const parse = (row: unknown) => client.exchange.parseTrade(row, market)
      const read = parseRows(raw, parse, trade, tradeRows)
      yield page(read.rows, read.problems)
    }
  }

  const after = await client.call((exchange) => exchange.fetchBalance())
  const { total } = parseAnswer(balance, after)
  // What moved while the markets were read is read next time.
  state.held = before
  state.read = state.assets
  const held = reportedBalances(total, now.toISOString().slice(0, 10), seen)
  yield { ...page([], [...problems, ...held.problems]), balances: held.balances }
}

function heldOf(total: Record<string, unknown>): Record<string, string> {
  const held: Record<string, string> = {}
  for (const [asset, amount] of Object.entries(total))
    if (typeof amount === 'string' && /[1-9]/.test(amount)) held[asset] = amount
  return held
}

/** Not Number: ids may grow beyond what it holds. */
function idOfTrade(trade: unknown): bigint {
  const id = trade !== null && typeof trade === 'object' && 'id' in trade ? String(trade.id) : ''
  return /^\d{1,19}$/.test(id) ? BigInt(id) : -1n
}

/** Named markets, or those in which a seen asset is bought and sold. */
function marketsToRead(
  markets: Record<string, CcxtMarket>,
  assets: Set<string>,
  symbols: string[] | undefined,
): { markets: CcxtMarket[]; problems: PageProblem[] } {
  if (!symbols) {
    const found = Object.values(markets).filter(({ base, spot }) => spot !== false && assets.has(base))
    return { markets: found, problems: [] }
  }
  const problems = symbols
    .filter((symbol) => !Object.hasOwn(markets, symbol))
    .map((symbol) => ({ account: mainAccount, message: `the exchange has no market ${symbol.slice(0, 40)}` }))
  return { markets: symbols.flatMap((symbol) => markets[symbol] ?? []), problems }
}
