import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { CurrencyField } from '../ui/choice-fields.tsx'
import { Field } from '../ui/field.tsx'
import { FormDialog } from '../ui/form-dialog.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import type { Account } from './account-groups.ts'
import { useToday } from './account-queries.ts'
import { BalanceField, balanceOf, noBalance } from './balance-field.tsx'
import { useUsualAsset } from './usual-asset.ts'

export function SetBalance({ account, onClose }: { account: Account; onClose: () => void }) {
  const [balance, setBalance] = useState(noBalance)
  const [date, setDate] = useState<string>()
  const [asset, setAsset] = useState<string>()
  const today = useToday()
  const usual = useUsualAsset(account.id)
  const [day, currency] = [date ?? today ?? '', asset ?? usual]
  const submit = useSubmit(async () => {
    const body = { amount: balanceOf(balance, account.kind), asset: currency }
    await api.putBalance({ params: { id: account.id, date: day }, body })
  }, onClose)
  return (
    <FormDialog title="Set a balance" submit={submit} onClose={onClose}>
      <p class="hint">
        From the end of that day on the account holds what you say, whatever its transactions add up to. What
        is entered for later days counts on top. Another one for the same day takes its place.
      </p>
      <BalanceField
        kind={account.kind}
        value={balance}
        fault={submit.faults.get('amount')}
        onChange={setBalance}
      />
      <CurrencyField
        label="Currency or asset"
        value={currency}
        fault={submit.faults.get('asset')}
        onChange={setAsset}
      />
      <Field
        label="At the end of"
        type="date"
        required
        value={day}
        fault={submit.faults.get('date')}
        onInput={({ currentTarget }) => setDate(currentTarget.value)}
      />
    </FormDialog>
  )
}
