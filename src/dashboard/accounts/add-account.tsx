import { useRef, useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import type { AccountKind } from '../../page.ts'
import { api } from '../api.ts'
import { refreshEverything, useMe } from '../queries.ts'
import { CurrencyField } from '../ui/choice-fields.tsx'
import { Field } from '../ui/field.tsx'
import { FormDialog } from '../ui/form-dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { useRequestKey } from '../ui/use-request-key.ts'
import { useSubmit } from '../ui/use-submit.ts'
import { useToday } from './account-queries.ts'
import { BalanceField, balanceOf, noBalance } from './balance-field.tsx'
import { KindField } from './kind-field.tsx'

/** An account that is kept by hand, and what it holds where that is said. */
export function AddAccount({ onClose }: { onClose: () => void }) {
  const keyOf = useRequestKey()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<AccountKind>('cash')
  const [balance, setBalance] = useState(noBalance)
  const [asset, setAsset] = useState<string>()
  const [date, setDate] = useState<string>()
  /** The account, once it is there: a balance that is refused does not make another one. */
  const made = useRef<string | undefined>(undefined)
  const [, navigate] = useLocation()
  const today = useToday()
  const { data: me } = useMe()
  const day = date ?? today ?? ''
  const currency = asset ?? me?.baseCurrency ?? ''
  const submit = useSubmit(
    async () => {
      const amount = balance.text.trim() === '' ? undefined : balanceOf(balance, kind)
      const body = { name, kind }
      made.current ??= (await api.createAccount({ body, idempotencyKey: keyOf(body) })).id
      if (amount === undefined) return
      const params = { id: made.current, date: day }
      await api.putBalance({ params, body: { amount, asset: currency } })
    },
    () => navigate(`/accounts/${made.current}`),
  )
  const close = () => {
    if (made.current !== undefined) void refreshEverything()
    onClose()
  }
  const isMade = made.current !== undefined
  return (
    <FormDialog title="Add an account" action="Add" submit={submit} onClose={close}>
      <Field
        label="Name"
        required
        maxLength={100}
        autocomplete="off"
        value={name}
        disabled={isMade}
        fault={submit.faults.get('name')}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <KindField value={kind} disabled={isMade} fault={submit.faults.get('kind')} onChange={setKind} />
      <fieldset class="accounts-fields">
        <legend>What it holds, if you like</legend>
        <BalanceField
          kind={kind}
          required={false}
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
      </fieldset>
      {isMade && submit.error !== undefined && (
        <Notice kind="warning">The account is there. Its balance was not set yet.</Notice>
      )}
    </FormDialog>
  )
}
