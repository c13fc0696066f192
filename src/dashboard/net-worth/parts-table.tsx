import { Link } from 'wouter-preact'
import { compare, ratio, sum } from '../format/arithmetic.ts'
import { formatPercent } from '../format/money.ts'
import { type Preferences, preferences } from '../preferences.ts'
import { Money } from '../ui/money.tsx'
import { TableScroll } from '../ui/table-scroll.tsx'
import { changeBetween, type Group, type Series } from './series.ts'

const titles: Record<Preferences['by'], string> = {
  none: '',
  kind: 'By kind',
  account: 'By account',
  asset: 'By asset',
  source: 'By source',
}
/** Where a part of that breakdown has a page of its own. */
const pages: Partial<Record<Preferences['by'], string>> = { account: '/accounts/', source: '/sources/' }

/** What the right edge of the chart is made of, and how each part has changed since its left one. */
export function PartsTable({
  series,
  groups,
  by,
}: {
  series: Series
  groups: Group[]
  by: Preferences['by']
}) {
  const last = series.points.at(-1)
  if (groups.length === 0 || !last) return null
  // By what each is now; the chart keeps those that were ever large near its ground.
  const rows = groups
    .map((group, place) => ({ group, place }))
    .sort((a, b) => compare(amountOf(b.group), amountOf(a.group)))
  const total = sum(groups.map(({ points }) => points.at(-1)!.assets))
  return (
    <section class="card parts">
      <div class="card-head">
        <h2>{titles[by]}</h2>
      </div>
      <TableScroll label="Parts">
        <table>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col" class="share">
                Share of assets
              </th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col" class="number">
                Change
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ group, place }) => (
              <PartRow
                key={group.key}
                group={group}
                place={place}
                total={total}
                currency={series.currency}
                page={pages[by]}
              />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  )
}

function amountOf({ points }: Group): string {
  return points.at(-1)!.netWorth
}

function PartRow({
  group: { key, name, points },
  place,
  total,
  currency,
  page,
}: {
  group: Group
  place: number
  total: string
  currency: string
  page: string | undefined
}) {
  const [first, last] = [points[0]!, points.at(-1)!]
  const share = ratio(last.assets, total)
  return (
    <tr>
      <th scope="row">
        <span class="swatch" style={{ background: `var(--part-${place})` }} />
        {page && key !== '' ? <Link href={page + key}>{name}</Link> : name}
        {last.missing.length > 0 && <span class="badge bad">no price: {last.missing.join(', ')}</span>}
      </th>
      <td class="share">
        {share !== undefined && share > 0 && !preferences.value.privacy && (
          <>
            <span class="visually-hidden">{formatPercent(share).replace('+', '')}</span>
            <span class="share-bar" aria-hidden="true">
              <span style={{ width: `${share * 100}%`, background: `var(--part-${place})` }} />
            </span>
          </>
        )}
      </td>
      <td class="number">
        <Money amount={last.netWorth} asset={currency} />
      </td>
      <td class="number">
        <Money amount={changeBetween(first, last).amount} asset={currency} signed />
      </td>
    </tr>
  )
}
