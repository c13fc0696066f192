import { useEffect } from 'preact/hooks'
import { formatDay } from '../format/dates.ts'
import { Money } from '../ui/money.tsx'
import { Notice } from '../ui/notice.tsx'
import type { Transaction } from './transaction-queries.ts'
import { titleOf } from './transaction-row.tsx'

/** Says what was entered, and brings it into view where it is among the rows. */
export function Entered({
  transaction,
  rows,
  onOpen,
}: {
  transaction: Transaction
  rows: Transaction[]
  onOpen: (transaction: Transaction) => void
}) {
  const { id, amount, asset, date } = transaction
  const isListed = rows.some((each) => each.id === id)
  useEffect(() => {
    if (isListed) document.getElementById(`tx-${id}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, isListed])
  return (
    <Notice kind="good">
      <span>
        Entered: {titleOf(transaction)}, <Money amount={amount} asset={asset} exact signed />, on{' '}
        {formatDay(date)}.
      </span>
      {!isListed && (
        <button type="button" class="button small" onClick={() => onOpen(transaction)}>
          Open it
        </button>
      )}
    </Notice>
  )
}
