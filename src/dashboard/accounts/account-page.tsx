import './accounts.css'
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { ApiProblem } from '../../client/client.ts'
import { formatDay } from '../format/dates.ts'
import { AddCashDialog } from '../transactions/add-cash-dialog.tsx'
import { Page } from '../ui/page.tsx'
import type { Account } from './account-groups.ts'
import { kindName } from './account-kinds.ts'
import { useAccount } from './account-queries.ts'
import { SourceName, StaleMark } from './account-source.tsx'
import { EditAccount } from './edit-account.tsx'
import { Holdings } from './holdings.tsx'
import { LatestTransactions } from './latest-transactions.tsx'
import { Outdated, Pending } from './pending.tsx'
import { RemoveAccount } from './remove-account.tsx'
import { ReportedBalances } from './reported-balances.tsx'
import { SetBalance } from './set-balance.tsx'
import { SetBalances } from './set-balances.tsx'
import { useUsualAsset } from './usual-asset.ts'
import { ValueCard } from './value-card.tsx'

export function AccountPage({ id }: { id: string }) {
  const account = useAccount(id)
  if (account.data) return <AccountView account={account.data} outdated={<Outdated queries={[account]} />} />
  const { error } = account
  const isMissing = error instanceof ApiProblem && [400, 404].includes(error.status)
  return (
    <Page title="Account">
      {isMissing ? (
        <p>
          There is no such account. <Link href="/accounts">All accounts</Link>
        </p>
      ) : (
        <Pending queries={[account]} lines={6} />
      )}
    </Page>
  )
}

/** Sources whose accounts nobody else brings up to date. */
const settable = ['manual', 'file']

function AccountView({ account, outdated }: { account: Account; outdated: ComponentChildren }) {
  const [open, setOpen] = useState<'edit' | 'balance' | 'transaction'>()
  const close = () => setOpen(undefined)
  const isSettable = settable.includes(account.connector)
  const usualAsset = useUsualAsset(account.id)
  return (
    <Page
      title={account.name}
      actions={
        <>
          <button type="button" class="button" onClick={() => setOpen('edit')}>
            Edit
          </button>
          {isSettable && (
            <button type="button" class="button" onClick={() => setOpen('balance')}>
              Set a balance
            </button>
          )}
          {account.manual && (
            <button type="button" class="button primary" onClick={() => setOpen('transaction')}>
              Enter a transaction
            </button>
          )}
        </>
      }
    >
      {outdated}
      <p class="accounts-facts">
        <span>{kindName(account.kind)}</span>
        <span>
          <SourceName account={account} />
        </span>
        {account.since !== null && <span>Since {formatDay(account.since)}</span>}
        <StaleMark account={account} />
      </p>
      <div class="accounts-columns">
        <div class="stack">
          <ValueCard account={account} />
          <LatestTransactions account={account} />
        </div>
        <div class="stack">
          <Holdings account={account} />
          {!account.manual && <ReportedBalances account={account} />}
          {isSettable && <SetBalances account={account} />}
          <RemoveAccount account={account} />
        </div>
      </div>
      {open === 'edit' && <EditAccount account={account} onClose={close} />}
      {open === 'balance' && <SetBalance account={account} onClose={close} />}
      {open === 'transaction' && (
        <AddCashDialog
          title="Enter a transaction"
          accountId={account.id}
          asset={usualAsset}
          onClose={close}
          onEntered={close}
        />
      )}
    </Page>
  )
}
