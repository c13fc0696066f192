import { compare } from '../format/arithmetic.ts'
import { formatDay } from '../format/dates.ts'
import { formatMoney, formatPercent } from '../format/money.ts'
import { changeBetween, type Group, type Point, partsAt, type Series } from './series.ts'

/** The chart in words, a sentence each: where it begins and ends, and its extremes. */
export function summaryOf({ points, currency }: Series, { privacy }: { privacy: boolean }): string[] {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return ['There is nothing to draw yet.']
  if (privacy)
    return [`Net worth from ${formatDay(first.date)} to ${formatDay(last.date)}.`, 'Amounts are hidden.']
  const tell = ({ netWorth, date }: Point) => `${formatMoney(netWorth, currency)} on ${formatDay(date)}`
  if (points.length === 1) return [`Net worth is ${tell(last)}.`]
  const lowest = points.reduce((least, point) =>
    compare(point.netWorth, least.netWorth) < 0 ? point : least,
  )
  const highest = points.reduce((most, point) => (compare(point.netWorth, most.netWorth) > 0 ? point : most))
  const { amount, ratio } = changeBetween(first, last)
  const verb = amount.startsWith('-') ? 'fell' : amount === '0' ? 'stayed the same' : 'rose'
  const share = ratio === undefined ? '' : ` (${formatPercent(ratio)})`
  return [
    `Net worth ${verb} from ${tell(first)} to ${tell(last)}, ${formatMoney(amount, currency, { signed: true })}${share}.`,
    `Lowest: ${tell(lowest)}.`,
    `Highest: ${tell(highest)}.`,
  ]
}

/** Parts of a day that are said aloud. */
const mostSaid = 3

/** One point with its largest parts, to be said aloud. */
export function describePoint(
  { points, currency }: Series,
  index: number,
  { groups, begins, privacy }: { groups: Group[]; begins: string[] | undefined; privacy: boolean },
): string {
  const { date, netWorth, assets, liabilities, quality, missing } = points[index]!
  const money = (amount: string) => formatMoney(amount, currency)
  const amounts = [
    `${formatDay(date)}: ${money(netWorth)}`,
    ...(liabilities === '0' ? [] : [`assets ${money(assets)}`, `debts ${money(liabilities)}`]),
    ...partsAt(groups, index)
      .slice(0, mostSaid)
      .map(({ name, amount }) => `${name} ${money(amount)}`),
  ]
  const trust =
    quality === 'incomplete'
      ? [`without ${missing.join(', ')}`]
      : quality === 'carried'
        ? ['with an earlier price']
        : []
  const said = privacy ? [`${formatDay(date)}: amounts are hidden`] : amounts
  return `${[...said, ...trust].join(', ')}.${begins ? ` Begins here: ${begins.join(', ')}.` : ''}`
}
