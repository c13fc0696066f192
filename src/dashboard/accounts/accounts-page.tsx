import './accounts.css'
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { useAccounts, useMe, useSources } from '../queries.ts'
import { Page } from '../ui/page.tsx'
import { groupAccounts } from './account-groups.ts'
import { useWorthByAccount } from './account-queries.ts'
import { AddAccount } from './add-account.tsx'
import { KindCards } from './kind-cards.tsx'
import { NoAccounts } from './no-accounts.tsx'
import { Outdated, Pending } from './pending.tsx'
import { TotalCard } from './total-card.tsx'

export function AccountsPage() {
  const [adding, setAdding] = useState(false)
  const me = useMe()
  const accounts = useAccounts()
  const worth = useWorthByAccount()
  const sources = useSources()
  const groups = accounts.data && worth.data && groupAccounts(accounts.data.accounts, worth.data)
  const isEmpty = accounts.data?.accounts.length === 0
  const add = () => setAdding(true)
  return (
    <Page
      title="Accounts"
      actions={
        accounts.data &&
        !isEmpty && (
          <>
            <Link href="/sources/new" class="button">
              Connect a source
            </Link>
            <button type="button" class="button primary" onClick={add}>
              Add an account
            </button>
          </>
        )
      }
    >
      {isEmpty && <NoAccounts onAdd={add} />}
      {!isEmpty && !groups && <Pending queries={[me, accounts, worth]} lines={6} />}
      {!isEmpty && groups && worth.data && (
        <>
          <Outdated queries={[accounts, worth, sources]} />
          <TotalCard worth={worth.data} />
          <KindCards title="Assets" groups={groups.assets} currency={worth.data.currency} />
          <KindCards title="Debts" groups={groups.debts} currency={worth.data.currency} />
        </>
      )}
      {adding && <AddAccount onClose={() => setAdding(false)} />}
    </Page>
  )
}
