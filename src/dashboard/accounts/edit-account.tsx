import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { Field } from '../ui/field.tsx'
import { FormDialog } from '../ui/form-dialog.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import type { Account } from './account-groups.ts'
import { KindField } from './kind-field.tsx'

export function EditAccount({ account, onClose }: { account: Account; onClose: () => void }) {
  const [name, setName] = useState(account.name)
  const [kind, setKind] = useState(account.kind)
  const submit = useSubmit(async () => {
    const change = { ...(name !== account.name && { name }), ...(kind !== account.kind && { kind }) }
    if (Object.keys(change).length > 0) await api.updateAccount({ params: { id: account.id }, body: change })
  }, onClose)
  return (
    <FormDialog title="Edit the account" submit={submit} onClose={onClose}>
      <Field
        label="Name"
        required
        maxLength={100}
        autocomplete="off"
        value={name}
        fault={submit.faults.get('name')}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <KindField value={kind} fault={submit.faults.get('kind')} onChange={setKind} />
    </FormDialog>
  )
}
