import { useMemo, useState } from 'preact/hooks'
import { type Answer, api } from '../api.ts'
import { Field, SelectField } from '../ui/field.tsx'
import { FormDialog } from '../ui/form-dialog.tsx'
import { useRequestKey } from '../ui/use-request-key.ts'
import { useSubmit } from '../ui/use-submit.ts'
import { scopes } from './scope-words.ts'

export type MadeApiKey = Answer<'createApiKey'>

const day = 86_400_000

export function NewApiKey({ onMade, onClose }: { onMade: (made: MadeApiKey) => void; onClose: () => void }) {
  const [name, setName] = useState('')
  const [scope, setScope] = useState<(typeof scopes)[number]['value']>('read')
  const [days, setDays] = useState('')
  const expiresAt = useMemo(
    () => (days === '' ? undefined : new Date(Date.now() + Number(days) * day).toISOString()),
    [days],
  )
  const keyOf = useRequestKey()
  const submit = useSubmit(async () => {
    const body = { name: name.trim(), scopes: [scope], ...(expiresAt !== undefined && { expiresAt }) }
    onMade(await api.createApiKey({ body, idempotencyKey: keyOf(body) }))
  }, onClose)
  return (
    <FormDialog title="New API key" action="Make the key" submit={submit} onClose={onClose}>
      <Field
        label="Name"
        hint="To tell it from others: what will use it?"
        required
        autofocus
        autocomplete="off"
        maxLength={100}
        value={name}
        fault={submit.faults.get('name')}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <SelectField
        label="It may"
        hint={scopes.find(({ value }) => value === scope)?.hint}
        value={scope}
        fault={submit.faults.get('scopes')}
        onChange={({ currentTarget }) => setScope(currentTarget.value as typeof scope)}
      >
        {scopes.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="It ends"
        value={days}
        fault={submit.faults.get('expiresAt')}
        onChange={({ currentTarget }) => setDays(currentTarget.value)}
      >
        <option value="">When it is revoked</option>
        <option value="30">In 30 days</option>
        <option value="90">In 90 days</option>
        <option value="365">In a year</option>
      </SelectField>
    </FormDialog>
  )
}
