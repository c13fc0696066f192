import { useState } from 'preact/hooks'
import { negate } from '../../decimal.ts'
import { api } from '../api.ts'
import { idempotencyKey } from '../idempotency-key.ts'
import { AmountField, amountOf } from '../ui/amount-field.tsx'
import { CurrencyField } from '../ui/choice-fields.tsx'
import { Field } from '../ui/field.tsx'
import { FormDialog } from '../ui/form-dialog.tsx'
import { Segmented } from '../ui/segmented.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import type { Account } from './account-groups.ts'
import { useToday } from './account-queries.ts'
import { useUsualAsset } from './usual-asset.ts'

const directions = [
  { value: 'out', label: 'Out' },
  { value: 'in', label: 'In' },
] as const

/** One opening of the dialog enters one transaction, however often it is sent. */
export function EnterTransaction({ account, onClose }: { account: Account; onClose: () => void }) {
  const [key] = useState(idempotencyKey)
  const [direction, setDirection] = useState<'in' | 'out'>('out')
  const [text, setText] = useState('')
  const [asset, setAsset] = useState<string>()
  const [date, setDate] = useState<string>()
  const [description, setDescription] = useState('')
  const [category, setCategory] = useState('')
  const today = useToday()
  const usual = useUsualAsset(account.id)
  const [day, currency] = [date ?? today ?? '', asset ?? usual]
  const submit = useSubmit(async () => {
    const amount = amountOf(text)
    if (amount.startsWith('-') || amount === '0')
      throw new Error('The amount must be above zero: whether it goes out or comes in is chosen beside it')
    await api.createTransaction({
      idempotencyKey: key,
      body: {
        accountId: account.id,
        amount: direction === 'in' ? amount : negate(amount),
        asset: currency,
        date: day,
        ...(description.trim() !== '' && { description }),
        ...(category.trim() !== '' && { category }),
      },
    })
  }, onClose)
  return (
    <FormDialog title="Enter a transaction" submit={submit} onClose={onClose}>
      <div>
        <Segmented label="Direction" options={directions} value={direction} onChange={setDirection} />
      </div>
      <AmountField label="Amount" text={text} fault={submit.faults.get('amount')} onText={setText} />
      <CurrencyField
        label="Currency or asset"
        value={currency}
        fault={submit.faults.get('asset')}
        onChange={setAsset}
      />
      <Field
        label="Date"
        type="date"
        required
        value={day}
        fault={submit.faults.get('date')}
        onInput={({ currentTarget }) => setDate(currentTarget.value)}
      />
      <Field
        label="Description"
        maxLength={500}
        autocomplete="off"
        value={description}
        fault={submit.faults.get('description')}
        onInput={({ currentTarget }) => setDescription(currentTarget.value)}
      />
      <Field
        label="Category"
        maxLength={100}
        autocomplete="off"
        value={category}
        fault={submit.faults.get('category')}
        onInput={({ currentTarget }) => setCategory(currentTarget.value)}
      />
    </FormDialog>
  )
}
