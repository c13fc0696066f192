import type { CcxtExchange } from './ccxt-module.ts'

export interface MarketCache {
  /** Gives the exchange its markets and currencies; loads them where at `now` none that are young enough are kept. */
  provide(exchange: CcxtExchange, key: string, now: number, load: () => Promise<CcxtExchange>): Promise<void>
}

/** New listings appear within these. */
const lifetime = 6 * 3_600_000
/** Exchanges and addresses of them whose markets are kept: each takes some megabytes. */
const most = 8

/** Markets are large and the same for every connection of an exchange: they are loaded once for all of them. */
export function createMarketCache(): MarketCache {
  const kept = new Map<string, { since: number; source: CcxtExchange }>()
  const loading = new Map<string, Promise<CcxtExchange>>()

  async function sourceOf(
    key: string,
    now: number,
    load: () => Promise<CcxtExchange>,
  ): Promise<CcxtExchange> {
    // Who waits for another's loading and sees it fail tries for itself: the other may only have been cancelled.
    for (;;) {
      const known = kept.get(key)
      if (known && Math.abs(now - known.since) < lifetime) return known.source
      const others = loading.get(key)
      if (!others) break
      const source = await others.catch(() => undefined)
      if (source) return source
    }
    const own = load().then(withoutAnswers)
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

/** What the exchange said of each market is most of its memory, and is not needed any more; nor is its client. */
function withoutAnswers(source: CcxtExchange): CcxtExchange {
  source.fetchImplementation = () => Promise.reject(new TypeError('this exchange only keeps markets'))
  for (const each of [...Object.values(source.markets ?? {}), ...Object.values(source.currencies ?? {})])
    each.info = undefined
  return source
}
