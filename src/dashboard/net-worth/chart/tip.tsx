import { sum } from '../../format/arithmetic.ts'
import { formatDay } from '../../format/dates.ts'
import { Money } from '../../ui/money.tsx'
import { type Group, partsAt, type Series } from '../series.ts'
import type { Marks } from './marks.ts'

/** Parts that a tooltip names; what is left of them is one row. */
const mostParts = 8

/** What the day of a point is made of. */
export function Tip({
  series: { points, currency },
  groups,
  marks,
  index,
  isLeft,
}: {
  series: Series
  groups: Group[]
  marks: Marks
  index: number
  /** Stands on the left, where the cursor is on the right. */
  isLeft: boolean
}) {
  const { date, netWorth, assets, liabilities, quality, missing } = points[index]!
  const parts = partsAt(groups, index)
  const rest = parts.slice(mostParts)
  const begins = marks.begins.get(index)
  return (
    <div class="chart-tip" style={isLeft ? { left: '4.5rem' } : { right: '1rem' }}>
      <strong>{formatDay(date)}</strong>
      <table>
        <tbody>
          <tr class="total">
            <th scope="row">Net worth</th>
            <td>
              <Money amount={netWorth} asset={currency} />
            </td>
          </tr>
          {liabilities !== '0' && (
            <>
              <Row name="Assets" amount={assets} currency={currency} />
              <Row name="Debts" amount={liabilities} currency={currency} />
            </>
          )}
          {parts.slice(0, mostParts).map(({ key, name, place, amount }) => (
            <Row key={key} name={name} amount={amount} currency={currency} colour={`var(--part-${place})`} />
          ))}
          {rest.length > 0 && (
            <Row
              name={`${rest.length} more`}
              amount={sum(rest.map(({ amount }) => amount))}
              currency={currency}
            />
          )}
        </tbody>
      </table>
      {quality === 'carried' && <p class="hint">With a price from an earlier day.</p>}
      {quality === 'incomplete' && <p class="bad-text">Without {missing.join(', ')}: no price.</p>}
      {begins && <p class="hint">Begins here: {begins.join(', ')}</p>}
    </div>
  )
}

function Row({
  name,
  amount,
  currency,
  colour,
}: {
  name: string
  amount: string
  currency: string
  colour?: string
}) {
  return (
    <tr>
      <th scope="row">
        {colour && <span class="swatch" style={{ background: colour }} />}
        {name}
      </th>
      <td>
        <Money amount={amount} asset={currency} />
      </td>
    </tr>
  )
}
