import { Hono } from 'hono'
import { addDays } from '../../calendar.ts'
import type { EmulatedProvider, EmulatorOptions } from '../conformance/fixture.ts'
import type { Limit } from '../connector.ts'
import { createFaults } from '../emulator/faults.ts'
import { krakenAssets, krakenPairId, krakenPairs } from '../emulator/kraken-markets.ts'
import { countTraffic } from '../emulator/traffic.ts'
import { createWorld } from '../emulator/world.ts'

/** "Returns up to 720 of the most recent entries" (https://docs.kraken.com/api/docs/rest-api/get-ohlc-data). */
const mostCandles = 720
const day = 86_400

export interface PriceEmulatorOptions extends EmulatorOptions {
  pairs: [base: string, quote: string][]
  enforced: Limit[]
}

/** Kraken's public protocol: assets, markets and daily candles, whose last one is still open. */
export function startKrakenPrices({
  clock,
  pageSize = mostCandles,
  limits = true,
  pairs,
  enforced,
}: PriceEmulatorOptions): EmulatedProvider {
  const world = createWorld()
  const traffic = countTraffic({ clock, limits: limits ? enforced : [] })
  const faults = createFaults()
  const app = new Hono()
  app.use(traffic.middleware)
  app.use(faults.middleware)
  app.get('/0/public/Assets', (context) =>
    context.json({ error: [], result: krakenAssets(new Set(pairs.flat())) }),
  )
  app.get('/0/public/AssetPairs', (context) => context.json({ error: [], result: krakenPairs(pairs) }))
  app.get('/0/public/OHLC', (context) => {
    const { pair, interval, since } = context.req.query()
    const market = pairs.find(([base, quote]) => krakenPairId(base, quote) === pair)
    if (!market || interval !== '1440') return context.json({ error: ['EQuery:Unknown asset pair'] })
    const today = clock().toISOString().slice(0, 10)
    const candles = world
      .prices()
      .filter(({ asset, currency }) => asset === market[0] && currency === market[1])
      .map((price) => ({ opensAt: Date.parse(`${price.day}T00:00:00Z`) / 1000, close: price.price }))
      .toSorted((a, b) => a.opensAt - b.opensAt)
      .filter(({ opensAt }) => opensAt > Number(since ?? 0))
      // Only the newest of all; within a page size, of those the oldest, so that one can go on.
      .slice(-mostCandles)
      .slice(0, pageSize)
    const isAtEnd = candles.length < pageSize
    const open = {
      opensAt: Date.parse(`${today}T00:00:00Z`) / 1000,
      close: candles.at(-1)?.close ?? '1.00000',
    }
    const rows = [...candles, ...(isAtEnd && open.opensAt - day > 0 ? [open] : [])].map(
      ({ opensAt, close }) => [opensAt, close, close, close, close, close, '12.34567890', 42],
    )
    return context.json({ error: [], result: { [pair!]: rows, last: open.opensAt - day } })
  })

  return {
    app,
    world,
    traffic,
    faults,
    connection: (url) => ({
      credentials: {},
      config: { exchange: 'kraken', baseUrl: url, pairs: pairs.map((each) => each.join('/')) },
    }),
    refuseCredentials: () => {},
  }
}

/** A price for each of the last `days` days that have ended. */
export function closesUntil(now: Date, days: number): string[] {
  const today = now.toISOString().slice(0, 10)
  return Array.from({ length: days }, (_, index) => addDays(today, index - days))
}
