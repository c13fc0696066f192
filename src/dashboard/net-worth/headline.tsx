import { formatDay } from '../format/dates.ts'
import { formatPercent } from '../format/money.ts'
import { preferences } from '../preferences.ts'
import { Money } from '../ui/money.tsx'
import { changeBetween, type Series } from './series.ts'

/** The value at the right edge of the chart, and what has changed since its left one. */
export function Headline({ series: { points, currency } }: { series: Series }) {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return null
  const { amount, ratio, since } = changeBetween(first, last)
  const tone = amount === '0' ? '' : amount.startsWith('-') ? ' bad-text' : ' good-text'
  return (
    <div class="headline">
      <div class="headline-value">
        <Money amount={last.netWorth} asset={currency} />
      </div>
      {points.length > 1 && (
        <div class={`headline-change${tone}`}>
          <Money amount={amount} asset={currency} signed />
          {ratio !== undefined && !preferences.value.privacy && ` (${formatPercent(ratio)})`}
          <span class="soft"> since {formatDay(since)}</span>
        </div>
      )}
      <div class="soft">on {formatDay(last.date)}</div>
    </div>
  )
}
