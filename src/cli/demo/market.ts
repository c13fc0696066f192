import { addDays, daysBetween } from '../../calendar.ts'
import { type PriceHistory, priceHistories } from './market-history.ts'
import { createRandom, type Random } from './random.ts'
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

/**
 * Generated prices of both days and all between. A day's prices are the same whatever the range: they are stored
 * once for all users, and two households must not disagree about them.
 */
export function makeMarket(from: string, to: string): Market {
  const random = createRandom('market')
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
 * beside it. It begins with the first turn, whose price holds for earlier days too.
 */
function makeSeries(history: PriceHistory, random: Random, from: string, to: string): PriceSeries {
  const { asset, currency, decimals } = history
  const turns = extendTurns(history, random.fork(`${asset}${currency} turns`), to)
  const steps = random.fork(`${asset}${currency} steps`)
  const closes = new Map<string, bigint>()

  let [day, price] = turns[0]!
  const close = (on: string) => {
    if (on < from || (!history.everyDay && isWeekend(on))) return
    closes.set(on, BigInt(Math.max(1, Math.round(price * 10 ** decimals))))
  }
  for (let early = from; early < day && early <= to; early = addDays(early, 1)) close(early)

  for (const [turn, target] of turns.slice(1)) {
    for (let left = daysBetween(day, turn); left > 0 && day <= to; left--) {
      close(day)
      const step = history.everyDay || !isWeekend(day) ? history.volatility * steps.bell() : 0
      price *= 1 + step
      price += (target - price) / left
      day = addDays(day, 1)
    }
  }
  return { asset, currency, decimals, closes }
}

function isWeekend(day: string): boolean {
  return [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())
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
