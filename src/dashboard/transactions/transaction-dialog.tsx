import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { Confirm } from '../ui/confirm.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Problem } from '../ui/notice.tsx'
import { Segmented } from '../ui/segmented.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { LabelFields } from './label-fields.tsx'
import { changeOf, type OwnWords, ownWordsOf } from './own-words.ts'
import type { Suggestions } from './suggestions.ts'
import { TransactionFacts } from './transaction-facts.tsx'
import { showChanged, type Transaction } from './transaction-queries.ts'
import { titleOf } from './transaction-row.tsx'

const transferAnswers = [
  { value: 'unsaid', label: 'Not said' },
  { value: 'yes', label: 'Yes' },
  { value: 'no', label: 'No' },
] as const

/** All that is known of a transaction, and what its owner says of it. */
export function TransactionDialog({
  transaction,
  suggestions,
  onClose,
  onTakenBack,
}: {
  transaction: Transaction
  suggestions: Suggestions
  onClose: () => void
  onTakenBack: () => void
}) {
  const [words, setWords] = useState(() => ownWordsOf(transaction))
  const [isTakingBack, setTakingBack] = useState(false)
  const say = (change: Partial<OwnWords>) => setWords((before) => ({ ...before, ...change }))
  const { send, pending, error, faults } = useSubmit(async () => {
    const body = changeOf(transaction, words)
    if (body) showChanged(await api.updateTransaction({ params: { id: transaction.id }, body }))
  }, onClose)
  return (
    <Dialog title={titleOf(transaction)} onClose={onClose}>
      <TransactionFacts transaction={transaction} />
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <LabelFields
          value={words}
          onChange={say}
          faults={faults}
          suggestions={suggestions}
          categoryHint={`Empty, it is what ${transaction.manual ? 'you entered first' : 'the provider says'}.`}
        />
        <div class="tx-choice">
          <span aria-hidden="true">A transfer between your own accounts</span>
          <Segmented
            label="A transfer between your own accounts"
            options={transferAnswers}
            value={words.transfer}
            onChange={(transfer) => say({ transfer })}
          />
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={words.excluded}
            onChange={({ currentTarget }) => say({ excluded: currentTarget.checked })}
          />
          Leave out of income and spending
        </label>
        {faults.size === 0 && <Problem error={error} />}
        <div class="actions">
          {transaction.manual && (
            <button type="button" class="button danger" onClick={() => setTakingBack(true)}>
              Take back…
            </button>
          )}
          <button type="submit" class="button primary" aria-disabled={pending}>
            Save
          </button>
        </div>
      </form>
      {isTakingBack && (
        <Confirm
          title="Take back this transaction?"
          action="Take back"
          run={() => api.deleteTransaction({ params: { id: transaction.id } })}
          onClose={() => setTakingBack(false)}
          onDone={onTakenBack}
        >
          <p>It goes from the list and from the balance of its account, for good.</p>
        </Confirm>
      )}
    </Dialog>
  )
}
