import { Link } from 'wouter-preact'
import { negate } from '../../decimal.ts'
import { sum } from '../format/arithmetic.ts'
import { formatDay } from '../format/dates.ts'
import { Money } from '../ui/money.tsx'
import { Notice } from '../ui/notice.tsx'
import type { Account } from './account-groups.ts'

/** What its source says it holds, beside what its transactions add up to. */
export function ReportedBalances({ account }: { account: Account }) {
  const reported = account.reconciliation.filter(({ setByHand }) => !setByHand)
  const differing = reported.filter(({ difference }) => difference !== '0')
  return (
    <section class="card stack" aria-labelledby="account-reported">
      <h2 id="account-reported">Reported balances</h2>
      {reported.length === 0 && (
        <p class="soft">
          {account.reconciliation.length > 0
            ? 'The newest was set by hand.'
            : 'Its source has reported none.'}
        </p>
      )}
      {reported.map(({ asset, reportedOn, reported, difference }) => (
        <dl key={asset} class="accounts-report">
          <dt>Reported for {formatDay(reportedOn)}</dt>
          <dd>
            <Money amount={reported} asset={asset} exact />
          </dd>
          <dt>Transactions add up to</dt>
          <dd>
            <Money amount={sum([reported, negate(difference)])} asset={asset} exact />
          </dd>
          <dt>Difference</dt>
          <dd class={difference === '0' ? '' : 'bad-text'}>
            <Money amount={difference} asset={asset} exact signed />
          </dd>
        </dl>
      ))}
      {reported.length > 0 && differing.length === 0 && (
        <p class="good-text">The transactions add up to what was reported.</p>
      )}
      {differing.map(({ asset, difference }) => (
        <Notice key={asset} kind="warning">
          <span>
            In {asset},{' '}
            {difference.startsWith('-')
              ? 'something that went out is missing, or something that came in is there twice.'
              : 'something that came in is missing, or something that went out is there twice.'}{' '}
            <WhatToDo account={account} />
          </span>
        </Notice>
      ))}
    </section>
  )
}

function WhatToDo({ account: { id, connector, sourceId } }: { account: Account }) {
  const transactions = <Link href={`/transactions?accountId=${id}`}>its transactions</Link>
  if (connector === 'file')
    return (
      <>
        Upload the statements of the days that are not there yet, compare {transactions} with the statement,
        or set the balance by hand.
      </>
    )
  return (
    <>
      It may come with the next sync. If it stays, see whether{' '}
      <Link href={`/sources/${sourceId}`}>its source</Link> has failed fetches, and compare {transactions}{' '}
      with what the provider shows.
    </>
  )
}
