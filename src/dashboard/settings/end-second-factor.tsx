import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { CodeField } from './code-field.tsx'

export function EndSecondFactor({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const { send, pending, error, faults } = useSubmit(
    () => api.removeSecondFactor({ body: { password, code: code.replace(/\s/g, '') } }),
    onClose,
  )
  return (
    <Dialog title="Turn the second factor off" onClose={onClose}>
      <p>From then on the password alone is enough to log in.</p>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Field
          label="Your password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          value={password}
          fault={faults.get('password')}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        <CodeField value={code} fault={faults.get('code')} onChange={setCode} />
        {faults.size === 0 && <Problem error={error} />}
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button danger" aria-disabled={pending}>
            Turn it off
          </button>
        </div>
      </form>
    </Dialog>
  )
}
