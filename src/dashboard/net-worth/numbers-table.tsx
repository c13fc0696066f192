import { useState } from 'preact/hooks'
import { formatDay } from '../format/dates.ts'
import { Money } from '../ui/money.tsx'
import type { Series } from './series.ts'

/** The numbers of the chart, newest first. */
export function NumbersTable({ series: { points, groups = [], currency } }: { series: Series }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The same numbers as a table</summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
        <section class="numbers" tabIndex={0} aria-label="The numbers of the chart">
          <table>
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col" class="number">
                  Net worth
                </th>
                <th scope="col" class="number">
                  Assets
                </th>
                <th scope="col" class="number">
                  Debts
                </th>
                <th scope="col">Quality</th>
                {groups.map(({ key, name }) => (
                  <th scope="col" class="number" key={key}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points
                .map((point, index) => (
                  <tr key={point.date}>
                    <th scope="row">{formatDay(point.date)}</th>
                    {[point.netWorth, point.assets, point.liabilities].map((amount, column) => (
                      <td class="number" key={column}>
                        <Money amount={amount} asset={currency} />
                      </td>
                    ))}
                    <td>
                      {point.quality === 'incomplete' ? `without ${point.missing.join(', ')}` : point.quality}
                    </td>
                    {groups.map((group) => (
                      <td class="number" key={group.key}>
                        <Money amount={group.points[index]!.netWorth} asset={currency} />
                      </td>
                    ))}
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </section>
      )}
    </details>
  )
}
