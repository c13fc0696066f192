import { useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { isProblem, textOf } from '../problem-text.ts'
import { beginSession, publicApi } from '../session/session.ts'
import { CurrencyField, TimeZoneField } from '../ui/choice-fields.tsx'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useRequestKey } from '../ui/use-request-key.ts'
import { useSubmit } from '../ui/use-submit.ts'
import { Gate } from './gate.tsx'

export function SignUpPage() {
  const [, go] = useLocation()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [timeZone, setTimeZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC')
  const [baseCurrency, setBaseCurrency] = useState('EUR')
  const keyOf = useRequestKey()
  const { send, pending, error, faults } = useSubmit(async () => {
    const body = { email, password, timeZone, baseCurrency }
    // Where its answer was lost, or the log-in behind it failed, the email is not taken by oneself.
    await publicApi.createUser({ body, idempotencyKey: keyOf(body) })
    beginSession(await publicApi.createTokens({ body: { email, password } }))
    go('/', { replace: true })
  })
  const taken = isProblem(error, 'conflict') ? textOf(error) : undefined
  return (
    <Gate title="Sign up">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Field
          label="Email"
          type="email"
          name="email"
          autocomplete="username"
          required
          value={email}
          fault={taken ?? faults.get('email')}
          onInput={({ currentTarget }) => setEmail(currentTarget.value)}
        />
        <Field
          label="Password"
          type="password"
          name="password"
          autocomplete="new-password"
          required
          hint="At least 10 characters, of any kind: a few words are easy to keep in mind."
          value={password}
          fault={faults.get('password')}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        <CurrencyField
          label="Base currency"
          hint="What your net worth is told in. You can change it at any time."
          value={baseCurrency}
          fault={faults.get('baseCurrency')}
          onChange={setBaseCurrency}
        />
        <TimeZoneField
          label="Time zone"
          hint="Decides on which day a transaction falls."
          value={timeZone}
          fault={faults.get('timeZone')}
          onChange={setTimeZone}
        />
        {faults.size === 0 && taken === undefined && <Problem error={error} />}
        <button type="submit" class="button primary" aria-disabled={pending}>
          Sign up
        </button>
      </form>
      <p>
        You have signed up before? <Link href="/">Log in</Link>
      </p>
    </Gate>
  )
}
