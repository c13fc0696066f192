import type { CcxtExchange, CcxtMarkets } from './ccxt-module.ts'

export interface MarketCache {
  /** Gives the exchange its markets and currencies; loads them where at `now` none that are young enough are kept. */
  provide(exchange: CcxtExchange, key: string, now: number, load: () => Promise<CcxtExchange>): Promise<void>
}

/** New listings appear within these. */
const lifetime = 6 * 3_600_000
/** Exchanges and addresses of them whose markets are kept: each takes up to some ten megabytes. */
const most = 4

/** Markets are large and the same for every connection of an exchange: they are loaded once for all of them. */
export function createMarketCache(): MarketCache {
  const kept = new Map<string, { since: number; source: CcxtMarkets }>()
  const loading = new Map<string, Promise<CcxtMarkets>>()

  async function sourceOf(key: string, now: number, load: () => Promise<CcxtExchange>): Promise<CcxtMarkets> {
    // Who waits for another's loading and sees it fail tries for itself: the other may only have been cancelled.
    for (;;) {
      const known = kept.get(key)
      if (known && Math.abs(now - known.since) < lifetime) return known.source
      const others = loading.get(key)
      if (!others) break
      const source = await others.catch(() => undefined)
      if (source) return source
    }
    const own = load().then(slimmed)
    loading.set(key, own)
    try {
      const source = await own
      kept.delete(key)
      kept.set(key, { since: now, source })
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break
        kept.delete(oldest)
      }
      return source
    } finally {
      loading.delete(key)
    }
  }

  return {
    async provide(exchange, key, now, load) {
      exchange.setMarketsFromExchange(await sourceOf(key, now, load))
    },
  }
}

/** What reading takes of a market, of currencies their two names. */
const marketFields = [
  ...['id', 'symbol', 'base', 'quote', 'settle', 'baseId', 'quoteId', 'type', 'spot', 'margin', 'swap'],
  ...['future', 'option', 'contract', 'contractSize', 'linear', 'inverse', 'active', 'stock', 'altname'],
]
const currencyFields = ['id', 'code', 'precision']

/**
 * An exchange's markets without their limits, fees and what the exchange itself said of each: of Binance's, a
 * quarter of the memory. Nor does it keep the client of the connection that happened to load them.
 */
function slimmed(source: CcxtExchange): CcxtMarkets {
  const markets = Object.entries(source.markets ?? {}).map(
    ([symbol, market]) => [symbol, pick(market, marketFields)] as const,
  )
  const currencies = Object.entries(source.currencies ?? {}).map(
    ([code, currency]) => [code, pick(currency, currencyFields)] as const,
  )
  const marketsById: Record<string, object[]> = {}
  for (const [, market] of markets) {
    const id = String(market.id)
    marketsById[id] = [...(marketsById[id] ?? []), market]
  }
  // What some exchanges look their markets up by.
  const helpers = (source.options.marketHelperProps ?? []) as string[]
  const options = { marketHelperProps: helpers, ...pick(source.options, helpers) }
  return {
    id: source.id,
    options,
    markets: Object.fromEntries(markets),
    markets_by_id: marketsById,
    symbols: markets.map(([symbol]) => symbol),
    ids: Object.keys(marketsById),
    currencies: Object.fromEntries(currencies),
    currencies_by_id: Object.fromEntries(currencies.map(([, currency]) => [String(currency.id), currency])),
    baseCurrencies: {},
    quoteCurrencies: {},
    codes: currencies.map(([code]) => code),
  }
}

function pick(from: object, fields: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([field]) => fields.includes(field)))
}
