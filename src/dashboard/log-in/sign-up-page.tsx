import { useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { beginSession, publicApi } from '../session/session.ts'
import { CurrencyField, TimeZoneField } from '../ui/choice-fields.tsx'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { Gate } from './gate.tsx'

export function SignUpPage() {
  const [, go] = useLocation()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [timeZone, setTimeZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const [baseCurrency, setBaseCurrency] = useState('EUR')
  const { send, pending, error, faults } = useSubmit(async () => {
    await publicApi.createUser({ body: { email, password, timeZone, baseCurrency } })
    beginSession(await publicApi.createTokens({ body: { email, password } }))
    go('/', { replace: true })
  })
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
          autocomplete="username"
          required
          value={email}
          fault={faults.get('email')}
          onInput={({ currentTarget }) => setEmail(currentTarget.value)}
        />
        <Field
          label="Password"
          type="password"
          autocomplete="new-password"
          required
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
        {faults.size === 0 && <Problem error={error} />}
        <button type="submit" class="button primary" disabled={pending}>
          Sign up
        </button>
      </form>
      <p>
        You have signed up before? <Link href="/">Log in</Link>
      </p>
    </Gate>
  )
}
