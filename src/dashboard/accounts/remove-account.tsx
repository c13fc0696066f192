import { useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { api } from '../api.ts'
import { Confirm } from '../ui/confirm.tsx'
import type { Account } from './account-groups.ts'
import { forgetAccount } from './account-queries.ts'
import { useSourceOf } from './account-source.tsx'

/** Where nothing would bring it back, an account can go; else it says why not. */
export function RemoveAccount({ account }: { account: Account }) {
  const [asking, setAsking] = useState(false)
  const [, navigate] = useLocation()
  const { source, isRemoved } = useSourceOf(account)
  const isFile = account.connector === 'file'
  const canGo = account.manual || isFile || isRemoved
  const remove = async () => {
    await api.deleteAccount({ params: { id: account.id } })
    // The page of what is gone is left before everything on it is read again.
    navigate('/accounts')
    await new Promise((resolve) => setTimeout(resolve))
    forgetAccount(account.id)
  }
  return (
    <section class="card stack" aria-labelledby="account-remove">
      <h2 id="account-remove">Remove</h2>
      {!canGo && source && (
        <p class="soft">
          <Link href={`/sources/${account.sourceId}`}>Its source</Link> fills it, and would bring it back with
          the next sync. Remove the source to be able to remove the account.
        </p>
      )}
      {canGo && (
        <div>
          <button type="button" class="button danger" onClick={() => setAsking(true)}>
            Remove the account
          </button>
        </div>
      )}
      {asking && (
        <Confirm
          title="Remove the account"
          action="Remove"
          run={remove}
          onClose={() => setAsking(false)}
          onDone={() => {}}
        >
          <p>
            {account.name} goes with all its transactions, the notes on them and its balances, also out of
            your net worth of the past. This cannot be undone.
          </p>
          {isFile && <p>A statement file that is imported again fills it again.</p>}
        </Confirm>
      )}
    </section>
  )
}
