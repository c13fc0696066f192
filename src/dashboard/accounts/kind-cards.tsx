import { Link } from 'wouter-preact'
import { Money } from '../ui/money.tsx'
import type { AccountGroup, ValuedAccount } from './account-groups.ts'
import { SourceName, StaleMark } from './account-source.tsx'

export function KindCards({
  title,
  groups,
  currency,
}: {
  title: string
  groups: AccountGroup[]
  currency: string
}) {
  if (groups.length === 0) return null
  const id = `accounts-${title.toLowerCase()}`
  return (
    <section class="stack" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div class="accounts-kinds">
        {groups.map(({ kind, name, accounts, subtotal }) => (
          <section key={kind} class="card" aria-labelledby={`accounts-${kind}`}>
            <div class="card-head">
              <h3 id={`accounts-${kind}`}>{name}</h3>
              <strong>
                <Money amount={subtotal} asset={currency} />
              </strong>
            </div>
            <ul class="accounts-list">
              {accounts.map((each) => (
                <AccountRow key={each.account.id} {...each} currency={currency} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </section>
  )
}

function AccountRow({ account, value, missing, currency }: ValuedAccount & { currency: string }) {
  const differences = account.reconciliation.filter(({ difference }) => difference !== '0')
  return (
    <li>
      <div class="accounts-name">
        <Link href={`/accounts/${account.id}`}>{account.name}</Link>
        <span class="hint">
          <SourceName account={account} />
        </span>
        <StaleMark account={account} />
        {differences.map(({ asset, difference }) => (
          <span key={asset} class="badge warning">
            Difference <Money amount={difference} asset={asset} exact signed />
          </span>
        ))}
        {missing.length > 0 && <span class="badge warning">No price for {missing.join(', ')}</span>}
      </div>
      <Money amount={value} asset={currency} />
    </li>
  )
}
