import { formatDay } from '../../format/dates.ts'
import { Money } from '../../ui/money.tsx'
import type { Group, Series } from '../series.ts'
import type { Marks } from './marks.ts'

/** Parts that a tooltip names; the table below the chart names all. */
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
  const parts = groups
    .map((group, place) => ({ ...group, place, value: group.points[index]!.netWorth }))
    .filter(({ value }) => value !== '0')
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
          {parts.slice(0, mostParts).map(({ key, name, place, value }) => (
            <Row key={key} name={name} amount={value} currency={currency} colour={`var(--part-${place})`} />
          ))}
        </tbody>
      </table>
      {parts.length > mostParts && <p class="hint">and {parts.length - mostParts} more in the table below</p>}
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
