import { useRef, useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import type { AccountKind } from '../../page.ts'
import { api } from '../api.ts'
import { refreshEverything, useMe } from '../queries.ts'
import { Field } from '../ui/field.tsx'
import { FormDialog } from '../ui/form-dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { useRequestKey } from '../ui/use-request-key.ts'
import { useSubmit } from '../ui/use-submit.ts'
import { useToday } from './account-queries.ts'
import { balanceOf, noBalance } from './balance-field.tsx'
import { BalanceFields, type DayBalance } from './balance-fields.tsx'
import { KindField } from './kind-field.tsx'

/** An account that is kept by hand, and what it holds where that is said. */
export function AddAccount({ onClose }: { onClose: () => void }) {
  const keyOf = useRequestKey()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<AccountKind>('cash')
  const [chosen, setChosen] = useState<Partial<DayBalance>>({})
  /** The account, once it is there: a balance that is refused does not make another one. */
  const made = useRef<string | undefined>(undefined)
  const [, navigate] = useLocation()
  const today = useToday()
  const { data: me } = useMe()
  const held = { balance: noBalance, day: today ?? '', asset: me?.baseCurrency ?? '', ...chosen }
  const submit = useSubmit(
    async () => {
      const { balance, day, asset } = held
      const amount = balance.text.trim() === '' ? undefined : balanceOf(balance, kind)
      const body = { name, kind }
      made.current ??= (await api.createAccount({ body, idempotencyKey: keyOf(body) })).id
      if (amount === undefined) return
      const params = { id: made.current, date: day }
      await api.putBalance({ params, body: { amount, asset } })
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
        <BalanceFields
          kind={kind}
          required={false}
          value={held}
          faults={submit.faults}
          onChange={(change) => setChosen({ ...chosen, ...change })}
        />
      </fieldset>
      {isMade && submit.error !== undefined && (
        <Notice kind="warning">The account is there. Its balance was not set yet.</Notice>
      )}
    </FormDialog>
  )
}
