import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { isProblem } from '../problem-text.ts'
import { beginSession, endedBecause, publicApi } from '../session/session.ts'
import { Field } from '../ui/field.tsx'
import { Notice, Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { Gate } from './gate.tsx'
import { OperatorKeyForm } from './operator-key-form.tsx'

export function LogInPage() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [needsCode, setNeedsCode] = useState(false)
  const [asOperator, setAsOperator] = useState(location.pathname === '/operations')
  const { send, pending, error, faults, reset } = useSubmit(async () => {
    const body = { email, password, ...(needsCode && { code: code.replace(/\s/g, '') }) }
    try {
      beginSession(await publicApi.createTokens({ body }))
    } catch (problem) {
      const isFirst = isProblem(problem, 'second-factor-needed') && !needsCode
      if (!isFirst) throw problem
      setNeedsCode(true)
    }
  })
  if (asOperator) return <OperatorKeyForm onBack={() => setAsOperator(false)} />
  return (
    <Gate title="Log in">
      {endedBecause.value && <Notice kind="warning">{endedBecause.value}</Notice>}
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
          autocomplete="current-password"
          required
          value={password}
          fault={faults.get('password')}
          onInput={({ currentTarget }) => {
            setPassword(currentTarget.value)
            reset()
          }}
        />
        {needsCode && (
          <Field
            label="Code"
            hint="The six digits that your authenticator shows now."
            inputMode="numeric"
            autocomplete="one-time-code"
            required
            autofocus
            value={code}
            fault={faults.get('code')}
            onInput={({ currentTarget }) => setCode(currentTarget.value)}
          />
        )}
        {faults.size === 0 && <Problem error={error} />}
        <button type="submit" class="button primary" disabled={pending}>
          Log in
        </button>
      </form>
      <p>
        New here? <Link href="/sign-up">Sign up</Link>
      </p>
      <p class="hint">
        Just looking? <code>npx tidemark demo</code> fills a database of its own with ten years of a made-up
        household, and ends with a link that is logged in.
      </p>
      <button type="button" class="button small" onClick={() => setAsOperator(true)}>
        Use an operator’s key
      </button>
    </Gate>
  )
}
