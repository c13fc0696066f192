import { z } from 'zod'
import { addDays, isDay } from '../../calendar.ts'
import type { PriceQuote } from '../../page.ts'
import { createCcxtOpener } from '../ccxt-client.ts'
import { type ConnectorContext, defineConnector, type PageProblem, type SyncPage } from '../connector.ts'
import { ConnectorBugError } from '../errors.ts'
import { asPublicFeed } from '../public-feed.ts'
import { pricesOf } from './transform.ts'
import { cursor as cursorSchema } from './wire.ts'

const pair = z.string().regex(/^[^/:\s]{1,32}\/[^/:\s]{1,32}$/, 'a pair is an asset and a currency: BTC/USD')

const config = z.strictObject({
  /** ccxt's id. */
  exchange: z
    .string()
    .regex(/^[a-z][a-z0-9]{1,29}$/, 'the id that ccxt gives the exchange, such as kraken')
    .default('kraken'),
  /** A proxy in place of the exchange's own hosts. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  pairs: z
    .array(pair)
    .min(1)
    .max(500)
    .default([
      'BTC/USD',
      'ETH/USD',
      'SOL/USD',
      'XRP/USD',
      'ADA/USD',
      'DOGE/USD',
      'DOT/USD',
      'LTC/USD',
      'LINK/USD',
      'USDT/USD',
      'USDC/USD',
      'BTC/EUR',
      'ETH/EUR',
    ]),
})
type Context = ConnectorContext<Record<string, never>, z.infer<typeof config>>

/** A close may be corrected for as long; the days come with the same request. */
const overlapDays = 7
/** Less than any exchange gives at once, for going on where it has nothing yet. */
const step = 300
/**
 * As far as any exchange goes back. Kraken, which is asked unless told, gives the last 720 days however far back the
 * question goes (https://docs.kraken.com/api/docs/rest-api/get-ohlc-data), Binance all since 2017.
 */
const maxDays = 5_500

/** What coins cost at the end of each day (UTC), from the daily candles of an exchange, for everybody. */
export const connector = defineConnector({
  id: 'crypto-prices',
  title: 'Cryptocurrency prices (720 days from Kraken)',
  auth: 'Nothing: the prices are public. Kraken tells the last 720 days of them, other exchanges more.',
  credentials: z.strictObject({}),
  config,
  // Kraken counts public requests by address: one a second is safe (…/guides/spot-rest-ratelimits).
  limits: [{ scope: 'client', max: 60, per: 60_000, kind: 'sliding' }],
  history: { maxDays, overlapDays, mutableDays: overlapDays },
  schedule: { dailyAt: '00:20', timeZone: 'UTC' },
  scope: 'platform',

  async check(context) {
    const { exchange } = await open(context)
    const { pairs } = context.config
    const listed = pairs.filter((each) => Object.hasOwn(exchange.markets ?? {}, each))
    if (listed.length === 0) throw new ConnectorBugError(`${exchange.name} lists none of the pairs`)
    return { name: `${exchange.name} daily closes` }
  },

  accounts: async () => [],

  /** Pair after pair, each page a group: what was read stays. */
  async *pull(context, { cursor }): AsyncGenerator<SyncPage> {
    const client = await open(context)
    const known = cursorSchema.safeParse(cursor)
    const through = new Map(known.success ? Object.entries(known.data.through) : [])
    const today = context.clock().toISOString().slice(0, 10)
    const page = (at: string, prices: PriceQuote[], problems: PageProblem[]): SyncPage => ({
      accounts: [],
      changes: [],
      balances: [],
      prices,
      problems,
      cursor: { at, through: Object.fromEntries(through) },
      groupEnd: true,
    })
    const missing: string[] = []

    for (const pair of new Set(context.config.pairs)) {
      if (!Object.hasOwn(client.exchange.markets ?? {}, pair)) {
        missing.push(pair)
        continue
      }
      const last = through.get(pair) ?? ''
      const isKnown = isDay(last) && last <= today
      let from = addDays(isKnown ? last : today, isKnown ? -overlapDays : -maxDays)
      while (from < today) {
        const answer = await client.call((exchange) =>
          exchange.fetchOHLCV(pair, '1d', Date.parse(`${from}T00:00:00Z`)),
        )
        if (!Array.isArray(answer)) throw new ConnectorBugError(`the prices of ${pair} are no list`)
        const { prices, problems } = pricesOf(pair, answer, today)
        const newest = prices.map(({ day }) => day).reduce((a, b) => (a > b ? a : b), '')
        const isNew = newest >= from
        const asked = from
        // Before a coin was listed there is nothing: further on there may be. Only what was found moves the cursor.
        from = addDays(isNew ? newest : from, isNew ? 1 : step)
        if (isNew) through.set(pair, newest)
        if (prices.length > 0 || problems.length > 0) yield page(`${pair} ${asked}`, prices, problems)
      }
    }
    const unlisted = missing.map((pair) => ({ message: `${client.exchange.name} does not list ${pair}` }))
    if (unlisted.length > 0) yield page('', [], unlisted)
  },
})

const openExchange = createCcxtOpener()

async function open({ config, http, clock }: Context) {
  const client = await openExchange({
    id: config.exchange,
    baseUrl: config.baseUrl,
    http: asPublicFeed(http),
    clock,
  })
  if (client.exchange.has.fetchOHLCV !== true)
    throw new ConnectorBugError(`${client.exchange.name} offers no daily prices`)
  return client
}
