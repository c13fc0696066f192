import { useState } from 'preact/hooks'
import { type Answer, api } from '../api.ts'
import { isProblem, textOf } from '../problem-text.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { CodeField } from './code-field.tsx'
import { QrCode } from './qr-code.tsx'
import { SecretText } from './secret-text.tsx'

type Begun = Answer<'createSecondFactor'>

/** First the password, then the secret, which counts once it is confirmed with a code. */
export function BeginSecondFactor({ email, onClose }: { email: string | null; onClose: () => void }) {
  const [begun, setBegun] = useState<Begun>()
  return (
    <Dialog title="Turn the second factor on" onClose={onClose}>
      {begun ? (
        <Confirmation begun={begun} onDone={onClose} />
      ) : (
        <Password email={email} onBegun={setBegun} />
      )}
    </Dialog>
  )
}

function Password({ email, onBegun }: { email: string | null; onBegun: (begun: Begun) => void }) {
  const [password, setPassword] = useState('')
  const { send, pending, error, faults } = useSubmit(async () =>
    onBegun(await api.createSecondFactor({ body: { password } })),
  )
  const wrong = isProblem(error, 'refused') ? textOf(error) : undefined
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <input type="email" name="email" autocomplete="username" value={email ?? ''} readOnly hidden />
      <Field
        label="Your password"
        type="password"
        autocomplete="current-password"
        required
        autofocus
        value={password}
        fault={wrong ?? faults.get('password')}
        onInput={({ currentTarget }) => setPassword(currentTarget.value)}
      />
      {faults.size === 0 && wrong === undefined && <Problem error={error} />}
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={pending}>
          Go on
        </button>
      </div>
    </form>
  )
}

function Confirmation({ begun: { secret, uri }, onDone }: { begun: Begun; onDone: () => void }) {
  const [code, setCode] = useState('')
  const { send, pending, error, faults } = useSubmit(
    () => api.confirmSecondFactor({ body: { code: code.replace(/\s/g, '') } }),
    onDone,
  )
  const wrong = isProblem(error, 'refused') ? textOf(error) : undefined
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <p>
        Scan this with your authenticator, or <a href={uri}>open it in one on this device</a>. Then type the
        code that it shows.
      </p>
      <QrCode text={uri} label="QR code for your authenticator" />
      <SecretText
        label="Or type this secret into it"
        hint="It is not shown again. Whoever has it can make your codes."
        value={secret}
      />
      <CodeField value={code} fault={wrong ?? faults.get('code')} onChange={setCode} />
      {faults.size === 0 && wrong === undefined && <Problem error={error} />}
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={pending}>
          Turn it on
        </button>
      </div>
    </form>
  )
}
