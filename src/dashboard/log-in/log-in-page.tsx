import { useEffect, useRef, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { isProblem } from '../problem-text.ts'
import { knownEmail } from '../queries.ts'
import { beginSession, endedBecause, publicApi, session } from '../session/session.ts'
import { CodeField } from '../settings/code-field.tsx'
import { Field } from '../ui/field.tsx'
import { Notice, Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { Gate } from './gate.tsx'
import { OperatorKeyForm } from './operator-key-form.tsx'

export function LogInPage() {
  const [email, setEmail] = useState(knownEmail)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [needsCode, setNeedsCode] = useState(false)
  const [asOperator, setAsOperator] = useState(location.pathname === '/operations')
  const form = useRef<HTMLFormElement>(null)
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
  useEffect(() => {
    if (needsCode) form.current?.querySelector<HTMLInputElement>('[name=code]')?.focus()
  }, [needsCode])
  // Whether a code is needed was said of another email or password.
  const beginAgain = () => {
    setNeedsCode(false)
    setCode('')
    reset()
  }
  if (asOperator) return <OperatorKeyForm onBack={() => setAsOperator(false)} />
  return (
    <Gate title="Log in">
      <Reason />
      <form
        ref={form}
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
          fault={faults.get('email')}
          onInput={({ currentTarget }) => {
            setEmail(currentTarget.value)
            beginAgain()
          }}
        />
        <Field
          label="Password"
          type="password"
          name="password"
          autocomplete="current-password"
          required
          autofocus={email !== ''}
          value={password}
          fault={faults.get('password')}
          onInput={({ currentTarget }) => {
            setPassword(currentTarget.value)
            beginAgain()
          }}
        />
        {needsCode && (
          <CodeField
            value={code}
            fault={faults.get('code')}
            onChange={(given) => {
              setCode(given)
              reset()
            }}
          />
        )}
        {faults.size === 0 && <Problem error={error} />}
        <button type="submit" class="button primary" aria-disabled={pending}>
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

/** Why somebody who was logged in has to do so again. */
function Reason() {
  if (session.value?.kind === 'ended')
    return <Notice kind="warning">Your log-in has ended. Log in again to go on where you were.</Notice>
  return endedBecause.value ? <Notice>{endedBecause.value}</Notice> : null
}
