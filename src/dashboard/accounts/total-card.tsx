import { formatDay } from '../format/dates.ts'
import { Money } from '../ui/money.tsx'
import { Notice } from '../ui/notice.tsx'
import type { Worth } from './account-groups.ts'

/** All accounts together, as the API adds them up. */
export function TotalCard({ worth }: { worth: Worth }) {
  const point = worth.points.at(-1)
  if (!point) return null
  return (
    <section class="card stack" aria-labelledby="accounts-total">
      <div class="accounts-total">
        <h2 id="accounts-total">Net worth</h2>
        <strong>
          <Money amount={point.netWorth} asset={worth.currency} />
        </strong>
        <span class="hint">
          Today, {formatDay(point.date)}
          {point.quality === 'carried' && ', with some prices of earlier days'}
        </span>
      </div>
      {point.quality === 'incomplete' && (
        <Notice kind="warning">
          No price is known for {point.missing.join(', ')}, so the total leaves out what you hold of{' '}
          {point.missing.length === 1 ? 'it' : 'them'}.
        </Notice>
      )}
    </section>
  )
}
