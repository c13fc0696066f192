import { compare } from '../format/arithmetic.ts'
import { formatDay } from '../format/dates.ts'
import { formatMoney, formatPercent } from '../format/money.ts'
import { changeBetween, type Point, type Series } from './series.ts'

/** The chart in words: where it begins and ends, and its extremes. */
export function summaryOf({ points, currency }: Series, { privacy }: { privacy: boolean }): string {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return 'There is nothing to draw yet.'
  if (privacy)
    return `Net worth from ${formatDay(first.date)} to ${formatDay(last.date)}. Amounts are hidden.`
  const tell = ({ netWorth, date }: Point) => `${formatMoney(netWorth, currency)} on ${formatDay(date)}`
  if (points.length === 1) return `Net worth is ${tell(last)}.`
  const lowest = points.reduce((least, point) =>
    compare(point.netWorth, least.netWorth) < 0 ? point : least,
  )
  const highest = points.reduce((most, point) => (compare(point.netWorth, most.netWorth) > 0 ? point : most))
  const { amount, ratio } = changeBetween(first, last)
  const verb = amount.startsWith('-') ? 'fell' : amount === '0' ? 'stayed the same' : 'rose'
  const share = ratio === undefined ? '' : ` (${formatPercent(ratio)})`
  return (
    `Net worth ${verb} from ${tell(first)} to ${tell(last)}, ${formatMoney(amount, currency, { signed: true })}${share}. ` +
    `Lowest: ${tell(lowest)}. Highest: ${tell(highest)}.`
  )
}

/** One point, to be said aloud. */
export function describePoint(
  { date, netWorth, assets, liabilities, quality, missing }: Point,
  currency: string,
  { privacy }: { privacy: boolean },
): string {
  const day = formatDay(date)
  if (privacy) return `${day}: amounts are hidden.`
  const parts =
    liabilities === '0'
      ? ''
      : `, assets ${formatMoney(assets, currency)}, debts ${formatMoney(liabilities, currency)}`
  const trust =
    quality === 'incomplete'
      ? `, without ${missing.join(', ')}`
      : quality === 'carried'
        ? ', with an earlier price'
        : ''
  return `${day}: ${formatMoney(netWorth, currency)}${parts}${trust}.`
}
