import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { api } from '../api.ts'
import { formatDay } from '../format/dates.ts'
import { Confirm } from '../ui/confirm.tsx'
import { Money } from '../ui/money.tsx'
import { TableScroll } from '../ui/table-scroll.tsx'
import type { Account } from './account-groups.ts'
import { useNewestTransactions } from './account-queries.ts'
import { Pending } from './pending.tsx'

interface SetOne {
  date: string
  asset: string
  /** By how much it moved what the transactions add up to. */
  amount: string
}

const most = 20

/** Balances that were set by hand, to be taken back. */
export function SetBalances({ account }: { account: Account }) {
  const [asked, setAsked] = useState<SetOne>()
  const revaluations = useNewestTransactions(account.id, most, 'revaluation')
  // What somebody entered by hand as a revaluation is none that a set balance made.
  const moved = revaluations.data?.transactions.filter(({ manual }) => !manual)
  const all = moved && [...agreeing(account, moved), ...moved].sort((a, b) => (a.date < b.date ? 1 : -1))
  return (
    <section class="card" aria-labelledby="account-set">
      <div class="card-head">
        <h2 id="account-set">Balances set by hand</h2>
      </div>
      {!all && <Pending queries={[revaluations]} />}
      {all?.length === 0 && (
        <p class="soft">None. One that you set holds whatever the transactions add up to.</p>
      )}
      {all && all.length > 0 && (
        <TableScroll label="Balances set by hand">
          <table>
            <thead>
              <tr>
                <th scope="col">At the end of</th>
                <th scope="col" class="number">
                  Moved by
                </th>
                <th>
                  <span class="visually-hidden">Take back</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {all.map((each) => (
                <tr key={`${each.date} ${each.asset}`}>
                  <th scope="row">{formatDay(each.date)}</th>
                  <td class="number">
                    <Money amount={each.amount} asset={each.asset} exact signed />
                  </td>
                  <td class="number">
                    <button
                      type="button"
                      class="button small"
                      aria-label={`Take back ${each.asset} of ${formatDay(each.date)}`}
                      onClick={() => setAsked(each)}
                    >
                      Take back
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {revaluations.data?.nextCursor && (
        <p>
          <Link href={`/transactions?accountId=${account.id}&kind=revaluation`}>Earlier ones</Link>
        </p>
      )}
      {asked && (
        <Confirm
          title="Take back a balance"
          action="Take back"
          run={() =>
            api.deleteBalance({
              params: { id: account.id, date: asked.date },
              query: { asset: asked.asset },
            })
          }
          onClose={() => setAsked(undefined)}
        >
          <p>
            The balance in {asked.asset} that was set for {formatDay(asked.date)} counts no more. From that
            day on, the account holds what its transactions, and balances that were set before, add up to.
          </p>
        </Confirm>
      )}
    </section>
  )
}

/** The newest that agree with what the transactions add up to: nothing had to be moved for them. */
function agreeing({ reconciliation }: Account, moved: SetOne[]): SetOne[] {
  return reconciliation
    .filter(({ setByHand }) => setByHand)
    .map(({ asset, reportedOn }) => ({ date: reportedOn, asset, amount: '0' }))
    .filter(({ asset, date }) => !moved.some((each) => each.asset === asset && each.date === date))
}
