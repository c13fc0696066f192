import { useState } from 'preact/hooks'
import { useAccounts, useMe } from '../queries.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { CashAccountForm } from './cash-account-form.tsx'
import { CashForm } from './cash-form.tsx'
import type { Suggestions } from './suggestions.ts'
import type { Transaction } from './transaction-queries.ts'

/** Enters what no provider knows of, on an account that is kept by hand. */
export function AddCashDialog({
  title = 'Add cash',
  accountId,
  asset,
  suggestions = none,
  onClose,
  onEntered,
}: {
  title?: string
  /** The account and the asset that are chosen first. */
  accountId?: string
  asset?: string
  suggestions?: Suggestions
  onClose: () => void
  onEntered: (transaction: Transaction) => void
}) {
  const me = useMe()
  const accounts = useAccounts()
  const [madeId, setMadeId] = useState<string>()
  const manual = accounts.data?.accounts.filter((each) => each.manual)
  const first = madeId ?? accountId
  const usual = manual?.find(({ id, kind }) => (first ? id === first : kind === 'cash')) ?? manual?.[0]
  return (
    <Dialog title={title} onClose={onClose}>
      <Problem error={me.error ?? accounts.error} />
      {!manual || !me.data ? (
        <Skeleton lines={5} height="2.5rem" />
      ) : usual === undefined ? (
        <CashAccountForm onMade={setMadeId} />
      ) : (
        <CashForm
          me={me.data}
          accounts={manual}
          usualAccountId={usual.id}
          usualAsset={asset ?? me.data.baseCurrency}
          suggestions={suggestions}
          onEntered={onEntered}
        />
      )}
    </Dialog>
  )
}

const none: Suggestions = { categories: [], tags: [], kinds: [], assets: [] }
