import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { queryClient } from '../queries.ts'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useRequestKey } from '../ui/use-request-key.ts'
import { useSubmit } from '../ui/use-submit.ts'

/** Makes the account that cash needs, where there is none that is kept by hand. */
export function CashAccountForm({ onMade }: { onMade: (accountId: string) => void }) {
  const [name, setName] = useState('Cash')
  const keyOf = useRequestKey()
  const { send, pending, error, faults } = useSubmit(async () => {
    const body = { name, kind: 'cash' } as const
    const { id } = await api.createAccount({ body, idempotencyKey: keyOf(body) })
    await queryClient.invalidateQueries({ queryKey: ['accounts'] })
    onMade(id)
  })
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <p>Cash is entered on an account that you keep by hand. You have none yet.</p>
      <Field
        label="Name of the account"
        required
        maxLength={100}
        autocomplete="off"
        value={name}
        fault={faults.get('name')}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      {faults.size === 0 && <Problem error={error} />}
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={pending}>
          Make a cash account
        </button>
      </div>
    </form>
  )
}
