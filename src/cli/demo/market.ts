import { addDays, daysBetween } from '../../calendar.ts'
import { type PriceHistory, priceHistories } from './market-history.ts'
import type { Random } from './random.ts'
import { type Asset, decimalsOf, multiply } from './units.ts'

export interface PriceSeries {
  asset: string
  currency: string
  decimals: number
  /** Closes by day, oldest first, in units of the series' last decimal. */
  closes: Map<string, bigint>
}

export interface Market {
  series: PriceSeries[]
  /** The close of `day` or of the last day before it that has one. */
  close(asset: string, currency: string, day: string): { price: bigint; decimals: number }
  /** What an amount of one currency comes to in another at the rates of `day`, rounded half away from zero. */
  exchange(amount: bigint, from: Asset, to: Asset, day: string): bigint
}

/** Generated prices of both days and all between. */
export function makeMarket(random: Random, from: string, to: string): Market {
  const series = priceHistories.map((history) => makeSeries(history, random, from, to))

  const close: Market['close'] = (asset, currency, day) => {
    const found = series.find((each) => each.asset === asset && each.currency === currency)
    let at = day > to ? to : day
    while (found && at >= from) {
      const price = found.closes.get(at)
      if (price !== undefined) return { price, decimals: found.decimals }
      at = addDays(at, -1)
    }
    throw new RangeError(`no price of ${asset} in ${currency} on ${day}`)
  }
  /** One euro in a currency, as a fraction. */
  const perEuro = (currency: Asset, day: string): [bigint, bigint] => {
    if (currency === 'EUR') return [1n, 1n]
    const { price, decimals } = close('EUR', currency, day)
    return [price, 10n ** BigInt(decimals)]
  }
  return {
    series,
    close,
    exchange(amount, source, target, day) {
      if (decimalsOf(source) !== decimalsOf(target))
        throw new RangeError(`${source} and ${target} differ in scale`)
      const [sourceRate, sourceScale] = perEuro(source, day)
      const [targetRate, targetScale] = perEuro(target, day)
      return multiply(amount, targetRate * sourceScale, sourceRate * targetScale)
    },
  }
}

/**
 * A walk from turn to turn: each day goes its share of the way that is left to the next one, and a random step
 * beside it. It starts at the last turn before `from`, and prices before `from` are dropped.
 */
function makeSeries(history: PriceHistory, random: Random, from: string, to: string): PriceSeries {
  const { asset, currency, decimals } = history
  const turns = extendTurns(history, random.fork(`${asset}${currency} turns`), to)
  const steps = random.fork(`${asset}${currency} steps`)
  const closes = new Map<string, bigint>()

  let next = Math.max(
    1,
    turns.findIndex(([day]) => day > from),
  )
  let [day, price] = turns[next - 1]!
  if (day > from) day = from
  let left = daysBetween(day, turns[next]![0])
  for (; day <= to; day = addDays(day, 1)) {
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
    if (history.everyDay || (weekday !== 0 && weekday !== 6)) {
      if (day >= from) closes.set(day, BigInt(Math.max(1, Math.round(price * 10 ** decimals))))
      price *= 1 + history.volatility * steps.bell()
    }
    price += (turns[next]![1] - price) / left
    left--
    if (left === 0 && next + 1 < turns.length) {
      next++
      left = daysBetween(turns[next - 1]![0], turns[next]![0])
    }
    left = Math.max(left, 1)
  }
  return { asset, currency, decimals, closes }
}

function extendTurns({ turns, halfYear }: PriceHistory, random: Random, to: string): PriceHistory['turns'] {
  const extended = [...turns]
  for (let [day, price] = extended.at(-1)!; day <= to; ) {
    day = addDays(day, 182)
    price *= Math.max(0.4, 1 + halfYear.mean + halfYear.spread * random.bell())
    extended.push([day, price])
  }
  return extended
}
