import { Link } from 'wouter-preact'
import { formatDay } from '../format/dates.ts'
import { Money } from '../ui/money.tsx'
import { TableScroll } from '../ui/table-scroll.tsx'
import type { Account } from './account-groups.ts'
import { useNewestTransactions } from './account-queries.ts'
import { Pending } from './pending.tsx'

export function LatestTransactions({ account }: { account: Account }) {
  const latest = useNewestTransactions(account.id, 10)
  const transactions = latest.data?.transactions
  return (
    <section class="card" aria-labelledby="account-transactions">
      <div class="card-head">
        <h2 id="account-transactions">Latest transactions</h2>
        {transactions && transactions.length > 0 && (
          <Link href={`/transactions?accountId=${account.id}`}>All its transactions</Link>
        )}
      </div>
      {!transactions && <Pending queries={[latest]} lines={5} />}
      {transactions?.length === 0 && (
        <p class="soft">
          {account.manual
            ? 'None yet. Enter one, or set the balance for a date.'
            : 'None yet. They come with its source.'}
        </p>
      )}
      {transactions && transactions.length > 0 && (
        <TableScroll label="Latest transactions">
          <table>
            <thead>
              <tr>
                <th scope="col">Date</th>
                <th scope="col">Description</th>
                <th scope="col" class="number">
                  Amount
                </th>
              </tr>
            </thead>
            <tbody>
              {transactions.map(
                ({ id, date, description, counterparty, kind, category, status, amount, asset }) => (
                  <tr key={id}>
                    <td class="accounts-day">{formatDay(date)}</td>
                    <td class="accounts-text">
                      {description ?? counterparty ?? kind}{' '}
                      {status !== 'posted' && <span class="badge">{status}</span>}
                      {category !== null && <span class="hint">{category}</span>}
                    </td>
                    <td class="number">
                      <Money amount={amount} asset={asset} exact signed />
                    </td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </TableScroll>
      )}
    </section>
  )
}
