import { daysBetween } from '../../calendar.ts'
import { formatDay } from '../format/dates.ts'
import { useMe } from '../queries.ts'
import { Money } from '../ui/money.tsx'
import { Notice } from '../ui/notice.tsx'
import { type Account, worthOf } from './account-groups.ts'
import { useToday, useWorthByAccount } from './account-queries.ts'
import { Pending } from './pending.tsx'
import { ValueLine } from './value-line.tsx'

/** What an account is worth today, and was in the year before, or since it began. */
export function ValueCard({ account }: { account: Account }) {
  const me = useMe()
  const today = useToday()
  const from = today && firstDayOf(account, today)
  const worth = useWorthByAccount(from)
  if (!worth.data) return <Pending queries={[me, worth]} />
  const { currency, groups } = worth.data
  const { value, missing } = worthOf(account.id, worth.data)
  const points = groups?.find(({ key }) => key === account.id)?.points ?? []
  const [first, last] = [points[0], points.at(-1)]
  return (
    <section class="card stack" aria-labelledby="account-value">
      <div class="accounts-total">
        <h2 id="account-value">Value today</h2>
        <strong>
          <Money amount={value} asset={currency} />
        </strong>
      </div>
      {missing.length > 0 && (
        <Notice kind="warning">
          No price is known for {missing.join(', ')}, so the value leaves out what the account holds of{' '}
          {missing.length === 1 ? 'it' : 'them'}.
        </Notice>
      )}
      {first && last && points.length > 1 && (
        <figure class="accounts-chart">
          <ValueLine points={points} />
          <figcaption class="hint">
            {[first, last].map(({ date, netWorth, missing }) => (
              <span key={date}>
                {formatDay(date)} <Money amount={netWorth} asset={currency} />
                {missing.length > 0 && ` without ${missing.join(', ')}`}
              </span>
            ))}
          </figcaption>
        </figure>
      )}
    </section>
  )
}

function firstDayOf({ since }: Account, today: string): string {
  const yearAgo = dayAYearBefore(today)
  const isYounger = since !== null && since > yearAgo && daysBetween(since, today) > 0
  return isYounger ? since : yearAgo
}

/** A year before 29 February is 28 February. */
function dayAYearBefore(day: string): string {
  const year = String(Number(day.slice(0, 4)) - 1)
  return `${year}${day.slice(4) === '-02-29' ? '-02-28' : day.slice(4)}`
}
