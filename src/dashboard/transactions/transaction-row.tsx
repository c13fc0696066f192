import { useMemo } from 'preact/hooks'
import { Money } from '../ui/money.tsx'
import type { Transaction } from './transaction-queries.ts'

export function titleOf({ description, counterparty, kind }: Transaction): string {
  return description ?? counterparty ?? kind
}

/** One transaction in the list. Made anew only where it changed: there may be thousands. */
export function TransactionRow({
  transaction,
  account,
  isNew,
  onOpen,
}: {
  transaction: Transaction
  /** Its name. */
  account: string
  isNew: boolean
  onOpen: (transaction: Transaction) => void
}) {
  return useMemo(() => {
    const { amount, asset, category, counterparty, description, status } = transaction
    const about = [account, description === null ? null : counterparty, category]
    const isGain = !amount.startsWith('-') && amount !== '0' && status === 'posted'
    return (
      <li>
        <button
          type="button"
          class={isNew ? 'tx-row new' : 'tx-row'}
          id={`tx-${transaction.id}`}
          onClick={() => onOpen(transaction)}
        >
          <span class="tx-title">{titleOf(transaction)}</span>
          <span class="tx-about">{about.filter((each) => each !== null).join(' · ')}</span>
          <Marks transaction={transaction} />
          <span class={isGain ? 'tx-amount good-text' : 'tx-amount'}>
            <Money amount={amount} asset={asset} exact signed />
          </span>
        </button>
      </li>
    )
  }, [transaction, account, isNew, onOpen])
}

function Marks({ transaction: { status, transfer, excluded, note, tags } }: { transaction: Transaction }) {
  return (
    <span class="tx-marks">
      {status === 'pending' && <span class="badge warning">Pending</span>}
      {status === 'requested' && <span class="badge warning">Requested</span>}
      {transfer && <span class="badge">Transfer</span>}
      {excluded && <span class="badge">Left out</span>}
      {tags.map((tag) => (
        <span key={tag} class="badge">
          #{tag}
        </span>
      ))}
      {note !== null && (
        <span class="tx-note">
          <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" class="icon">
            <path d="M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 9h7M8.5 13h3" />
          </svg>
          <span class="visually-hidden">Has a note</span>
        </span>
      )}
    </span>
  )
}
