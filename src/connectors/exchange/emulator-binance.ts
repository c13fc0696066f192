import { createHmac } from 'node:crypto'
import { Big } from 'big.js'
import { type Context, Hono } from 'hono'
import type { EmulatedProvider, EmulatorOptions } from '../conformance/fixture.ts'
import { createFaults } from '../emulator/faults.ts'
import { countTraffic } from '../emulator/traffic.ts'
import { createWorld, type World, type WorldRow } from '../emulator/world.ts'
import { depositOrWithdrawal, secretOf } from './emulator.ts'
import { mainAccount } from './transform.ts'

interface Trade {
  symbol: string
  id: number
  time: number
  qty: string
  quoteQty: string
  commission: string
  commissionAsset: string
  isBuyer: boolean
}

/** "6,000 request weight a minute"; what is asked here, by its weight (…/rest-api/account-endpoints). */
const weights: Record<string, number> = { '/api/v3/myTrades': 20, '/api/v3/account': 20 }
const mostWeight = 6_000
const ninetyDays = 90 * 86_400_000

/** Binance's protocol of the spot account (https://developers.binance.com/docs/binance-spot-api-docs/rest-api). */
export function startBinance({ clock, pageSize = 1_000, limits = true }: EmulatorOptions): EmulatedProvider {
  const world = createWorld()
  const traffic = countTraffic({ clock })
  const faults = createFaults()
  let accepted = true
  let weighed: { at: number; weight: number }[] = []
  const app = new Hono()
  app.use(traffic.middleware)
  app.use(faults.middleware)

  const quotes = ['USDT', 'BTC']
  const markets = () => {
    const bases = new Set(['BTC', 'ETH', 'DOT', ...world.rows().map(({ asset }) => asset ?? 'USDT')])
    return [...bases].flatMap((base) =>
      quotes.filter((quote) => quote !== base && base !== 'USDT').map((quote) => ({ base, quote })),
    )
  }
  app.get('/api/v3/exchangeInfo', (context) =>
    context.json({
      timezone: 'UTC',
      symbols: markets().map(({ base, quote }) => ({
        symbol: `${base}${quote}`,
        status: 'TRADING',
        baseAsset: base,
        baseAssetPrecision: 8,
        quoteAsset: quote,
        quotePrecision: 8,
        isSpotTradingAllowed: true,
        filters: [],
        permissions: [],
      })),
    }),
  )

  /** Its status, code and message; undefined where it may go on. */
  function refusal(context: Context): [400 | 401 | 429, number, string] | undefined {
    const now = clock().getTime()
    weighed = weighed.filter(({ at }) => at > now - 60_000)
    weighed.push({ at: now, weight: weights[context.req.path] ?? 1 })
    const weight = weighed.reduce((sum, each) => sum + each.weight, 0)
    if (limits && weight > mostWeight) return [429, -1003, 'Too much request weight used.']
    const key = context.req.header('x-mbx-apikey') ?? ''
    if (!accepted || !key.startsWith('key-'))
      return [401, -2015, 'Invalid API-key, IP, or permissions for action.']
    const [query = '', signature = ''] = new URL(context.req.url).search.slice(1).split('&signature=')
    const expected = createHmac('sha256', secretOf(key)).update(query).digest('hex')
    if (signature !== expected) return [400, -1022, 'Signature for this request is not valid.']
    const timestamp = Number(context.req.query('timestamp'))
    const window = Number(context.req.query('recvWindow') ?? 5_000)
    if (timestamp > now + 1_000 || timestamp < now - window)
      return [400, -1021, 'Timestamp for this request is outside of the recvWindow.']
    return undefined
  }

  const signed = (path: string, respond: (query: Record<string, string>) => unknown) =>
    app.get(path, (context) => {
      const refused = refusal(context)
      if (!refused) return context.json(respond(context.req.query()) as object)
      const [status, code, msg] = refused
      return context.json({ code, msg }, status, status === 429 ? { 'retry-after': '30' } : {})
    })

  signed('/api/v3/account', () => ({
    balances: [
      ...[...world.balances(mainAccount)].map(([asset, free]) => ({ asset, free, locked: '0.00000000' })),
      // It lists every asset there is.
      { asset: 'ZZZ', free: '0.00000000', locked: '0.00000000' },
    ],
  }))
  signed('/api/v3/myTrades', ({ symbol, fromId }) =>
    tradesOf(world)
      .filter((trade) => trade.symbol === symbol && trade.id >= Number(fromId ?? 0))
      .slice(0, pageSize)
      .map((trade) => ({
        ...trade,
        orderId: trade.id,
        orderListId: -1,
        price: new Big(trade.quoteQty).div(trade.qty).toFixed(8),
        isMaker: false,
        isBestMatch: true,
      })),
  )

  const transfers = (type: 'deposit' | 'withdrawal', query: Record<string, string>) => {
    const [from, to, offset] = [Number(query.startTime), Number(query.endTime), Number(query.offset ?? 0)]
    if (to - from > ninetyDays) return []
    return world
      .rows(mainAccount)
      .filter(({ kind }) => kind === type)
      .filter(({ occurredAt }) => Date.parse(occurredAt) >= from && Date.parse(occurredAt) <= to)
      .toReversed()
      .slice(offset, offset + pageSize)
      .map((row) => ({
        // It keeps its id when it is done.
        id: row.replaces ?? row.id,
        amount: new Big(row.amount).abs().toFixed(),
        coin: row.asset ?? 'USDT',
        network: 'ETH',
        address: '0x00',
        txId: `tx-${row.id}`,
        row,
      }))
  }
  signed('/sapi/v1/capital/deposit/hisrec', (query) =>
    transfers('deposit', query).map(({ row, ...deposit }) => ({
      ...deposit,
      insertTime: Date.parse(row.occurredAt),
      status: row.status === 'pending' ? 0 : 1,
    })),
  )
  signed('/sapi/v1/capital/withdraw/history', (query) =>
    transfers('withdrawal', query).map(({ row, ...withdrawal }) => ({
      ...withdrawal,
      // To the second, without a zone: UTC.
      applyTime: row.occurredAt.slice(0, 19).replace('T', ' '),
      transactionFee: feeOf(world, row),
      status: row.status === 'pending' ? 4 : 6,
    })),
  )

  return {
    app,
    world,
    traffic,
    faults,
    connection: (url, owner = 0) => ({
      credentials: { apiKey: `key-${owner}`, secret: secretOf(`key-${owner}`) },
      config: { exchange: 'binance', baseUrl: url },
    }),
    refuseCredentials: () => {
      accepted = false
    },
    rowFor: depositOrWithdrawal,
  }
}

function feeOf(world: World, row: WorldRow): string {
  const fee = world
    .rows(mainAccount)
    .find(({ kind, group }) => kind === 'fee' && group !== undefined && group === row.group)
  return fee ? new Big(fee.amount).abs().toFixed() : '0'
}

/** A group of legs is a trade; its name is its number. */
function tradesOf(world: World): Trade[] {
  const groups = new Map<string, WorldRow[]>()
  for (const row of world.rows(mainAccount)) {
    if (row.group !== undefined && /^\d+$/.test(row.group))
      groups.set(row.group, [...(groups.get(row.group) ?? []), row])
  }
  return [...groups]
    .map(([group, rows]): Trade => {
      const legs = rows.filter(({ kind }) => kind === 'trade')
      // The quote is what prices are told in.
      const quote = legs.find(({ asset }) => asset === 'USDT') ?? legs.find(({ asset }) => asset === 'BTC')!
      const base = legs.find((leg) => leg !== quote)!
      const fee = rows.find(({ kind }) => kind === 'fee')
      return {
        symbol: `${base.asset}${quote.asset}`,
        id: Number(group),
        time: Date.parse(base.occurredAt),
        qty: new Big(base.amount).abs().toFixed(),
        quoteQty: new Big(quote.amount).abs().toFixed(),
        commission: fee ? new Big(fee.amount).abs().toFixed() : '0',
        commissionAsset: fee?.asset ?? 'USDT',
        isBuyer: !base.amount.startsWith('-'),
      }
    })
    .toSorted((a, b) => a.id - b.id)
}
