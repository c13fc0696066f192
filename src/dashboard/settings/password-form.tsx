import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { isProblem, textOf } from '../problem-text.ts'
import type { Me } from '../queries.ts'
import { Field } from '../ui/field.tsx'
import { Notice, Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'

export function PasswordForm({ me }: { me: Me }) {
  const [currentPassword, setCurrentPassword] = useState('')
  const [newPassword, setNewPassword] = useState('')
  const [changed, setChanged] = useState(false)
  const { send, pending, error, faults } = useSubmit(
    () => api.changeMyPassword({ body: { currentPassword, newPassword } }),
    () => {
      setCurrentPassword('')
      setNewPassword('')
      setChanged(true)
    },
  )
  const wrong = isProblem(error, 'refused') ? textOf(error) : undefined
  return (
    <section class="card">
      <h2>Password</h2>
      <p class="hint">
        When it is changed, every log-in but this one ends. API keys stay good: revoke those that may be in
        the wrong hands.
      </p>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          setChanged(false)
          void send()
        }}
      >
        {/* Tells a password manager whose password it is. */}
        <input type="email" name="email" autocomplete="username" value={me.email ?? ''} readOnly hidden />
        <Field
          label="Current password"
          type="password"
          autocomplete="current-password"
          required
          value={currentPassword}
          fault={wrong ?? faults.get('currentPassword')}
          onInput={({ currentTarget }) => setCurrentPassword(currentTarget.value)}
        />
        <Field
          label="New password"
          type="password"
          autocomplete="new-password"
          required
          hint="At least 10 characters, of any kind."
          value={newPassword}
          fault={faults.get('newPassword')}
          onInput={({ currentTarget }) => setNewPassword(currentTarget.value)}
        />
        {faults.size === 0 && wrong === undefined && <Problem error={error} />}
        {changed && <Notice kind="good">The password was changed. Every other log-in has ended.</Notice>}
        <div class="actions">
          <button type="submit" class="button" aria-disabled={pending}>
            Change the password
          </button>
        </div>
      </form>
    </section>
  )
}
