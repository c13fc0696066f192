import { useState } from 'preact/hooks'
import { dayInZone } from '../../calendar.ts'
import { negate } from '../../decimal.ts'
import { type Answer, api } from '../api.ts'
import { exampleAmount, readAmount } from '../format/read-amount.ts'
import { idempotencyKey } from '../idempotency-key.ts'
import { isProblem } from '../problem-text.ts'
import { CurrencyField } from '../ui/choice-fields.tsx'
import { Field, SelectField } from '../ui/field.tsx'
import { Notice, Problem } from '../ui/notice.tsx'
import { Segmented } from '../ui/segmented.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { LabelFields, type Labels } from './label-fields.tsx'
import type { Suggestions } from './suggestions.ts'
import { tagsOf } from './tags-field.tsx'
import type { Transaction } from './transaction-queries.ts'
import { Understood } from './understood.tsx'

const directions = [
  { value: 'spent', label: 'Spent' },
  { value: 'received', label: 'Received' },
] as const

interface Draft extends Labels {
  accountId: string
  direction: 'spent' | 'received'
  typed: string
  asset: string
  date: string
  description: string
}

export function CashForm({
  me,
  accounts,
  usualAccountId,
  usualAsset,
  suggestions,
  onEntered,
}: {
  me: Answer<'getMe'>
  accounts: Answer<'listAccounts'>['accounts']
  usualAccountId: string
  usualAsset: string
  suggestions: Suggestions
  onEntered: (transaction: Transaction) => void
}) {
  const [draft, setDraft] = useState<Draft>(() => ({
    accountId: usualAccountId,
    direction: 'spent',
    typed: '',
    asset: usualAsset,
    date: dayInZone(new Date(), me.timeZone),
    description: '',
    category: '',
    note: '',
    tags: { chosen: [], typed: '' },
  }))
  // One for as long as the dialog is open: sent twice, or again behind a lost answer, it is entered once.
  const [key] = useState(idempotencyKey)
  const say = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }))
  const amount = amountOf(draft)
  const { send, pending, error, faults } = useSubmit(async () => {
    if (amount?.amount === undefined) return
    onEntered(await api.createTransaction({ body: bodyOf(draft, amount.amount), idempotencyKey: key }))
  })
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (amount?.amount !== undefined) void send()
      }}
    >
      <div class="tx-choice">
        <Segmented
          label="Spent or received"
          options={directions}
          value={draft.direction}
          onChange={(direction) => say({ direction })}
        />
      </div>
      <div class="tx-pair">
        <Field
          label="Amount"
          inputMode="decimal"
          autocomplete="off"
          placeholder={exampleAmount()}
          required
          autofocus
          value={draft.typed}
          fault={amount?.fault ?? faults.get('amount')}
          onInput={({ currentTarget }) => say({ typed: currentTarget.value })}
        />
        <CurrencyField
          label="Asset"
          value={draft.asset}
          fault={faults.get('asset')}
          onChange={(asset) => say({ asset })}
        />
      </div>
      <div class="tx-pair">
        <SelectField
          label="Account"
          value={draft.accountId}
          fault={faults.get('accountId')}
          onChange={({ currentTarget }) => say({ accountId: currentTarget.value })}
        >
          {accounts.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
        <Field
          label="Date"
          type="date"
          required
          value={draft.date}
          fault={faults.get('date')}
          onInput={({ currentTarget }) => say({ date: currentTarget.value })}
        />
      </div>
      <Field
        label="Description"
        autocomplete="off"
        maxLength={500}
        value={draft.description}
        fault={faults.get('description')}
        onInput={({ currentTarget }) => say({ description: currentTarget.value })}
      />
      <LabelFields value={draft} onChange={say} faults={faults} suggestions={suggestions} />
      <Understood
        amount={amount?.amount}
        asset={draft.asset}
        account={accounts.find(({ id }) => id === draft.accountId)?.name}
        date={draft.date}
      />
      {isProblem(error, 'idempotency-key-reused') ? (
        <Notice kind="warning">
          It was entered the first time, as it stood then. Close this, and look at the list before you enter
          more.
        </Notice>
      ) : (
        faults.size === 0 && <Problem error={error} />
      )}
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={pending}>
          Enter
        </button>
      </div>
    </form>
  )
}

function amountOf({ typed, direction }: Draft): ReturnType<typeof readAmount> {
  const read = readAmount(typed)
  if (read?.amount === undefined) return read
  if (read.amount === '0' || read.amount.startsWith('-')) return { fault: 'must be above zero' }
  return direction === 'spent' ? { amount: negate(read.amount) } : read
}

function bodyOf(draft: Draft, amount: string) {
  const { accountId, asset, date, description, category, note } = draft
  const tags = tagsOf(draft.tags)
  return {
    accountId,
    date,
    amount,
    asset,
    ...(description.trim() !== '' && { description }),
    ...(category.trim() !== '' && { category }),
    ...(note.trim() !== '' && { note }),
    ...(tags.length > 0 && { tags }),
  }
}
