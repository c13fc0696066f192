import { formatDay } from '../format/dates.ts'
import { Money, Quantity } from '../ui/money.tsx'
import { TableScroll } from '../ui/table-scroll.tsx'
import type { Account } from './account-groups.ts'
import { useHoldings } from './account-queries.ts'
import { Pending } from './pending.tsx'

/** What is in the account, by asset; what came and went is left out. */
export function Holdings({ account }: { account: Account }) {
  const holdings = useHoldings(account.id)
  const held = holdings.data?.balances.filter(({ quantity }) => quantity !== '0')
  return (
    <section class="card" aria-labelledby="account-holdings">
      <div class="card-head">
        <h2 id="account-holdings">Balances</h2>
        {holdings.data && <span class="hint">{formatDay(holdings.data.at)}</span>}
      </div>
      {!held && <Pending queries={[holdings]} />}
      {held?.length === 0 && <p class="soft">It holds nothing.</p>}
      {held && held.length > 0 && (
        <TableScroll label="Balances by asset">
          <table>
            <thead>
              <tr>
                <th scope="col">Asset</th>
                <th scope="col" class="number">
                  Quantity
                </th>
                <th scope="col" class="number">
                  Value
                </th>
              </tr>
            </thead>
            <tbody>
              {held.map(({ asset, quantity, value, currency }) => (
                <tr key={asset}>
                  <th scope="row">{asset}</th>
                  <td class="number">
                    <Quantity amount={quantity} />
                  </td>
                  <td class="number">
                    {value === null ? (
                      <span class="badge warning">No price</span>
                    ) : (
                      <Money amount={value} asset={currency} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </section>
  )
}
