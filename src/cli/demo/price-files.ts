import type { Market, PriceSeries } from './market.ts'
import { formatUnits, isCoin } from './units.ts'

/**
 * Closes of everything but currencies: `asset,currency,date,price`, by asset, oldest first. Coins up to a day alone
 * where it is told.
 */
export function pricesFile({ series }: Market, coinsUntil?: string): string {
  const rows = series.flatMap((each) =>
    each.asset === 'EUR'
      ? []
      : Array.from(each.closes)
          .filter(([day]) => coinsUntil === undefined || !isCoin(each.asset) || day <= coinsUntil)
          .map(([day, price]) =>
            [each.asset, each.currency, day, formatUnits(price, each.decimals)].join(','),
          ),
  )
  return `${['asset,currency,date,price', ...rows].join('\n')}\n`
}

/** The layout of the ECB's eurofxref-hist.csv: newest first, each line closed with a comma. */
export function ecbFile({ series }: Market): string {
  const rates = series.filter((each) => each.asset === 'EUR')
  const days = [...rates[0]!.closes.keys()].toReversed()
  const rate = ({ closes, decimals }: PriceSeries, day: string) => formatUnits(closes.get(day)!, decimals)
  const rows = days.map((day) => `${day},${rates.map((each) => rate(each, day)).join(',')},`)
  return `${[`Date,${rates.map((each) => each.currency).join(',')},`, ...rows].join('\n')}\n`
}
