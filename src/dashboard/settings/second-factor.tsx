import { useState } from 'preact/hooks'
import type { Me } from '../queries.ts'
import { BeginSecondFactor } from './begin-second-factor.tsx'
import { EndSecondFactor } from './end-second-factor.tsx'

export function SecondFactor({ me: { email, secondFactor } }: { me: Me }) {
  const [asks, setAsks] = useState(false)
  const close = () => setAsks(false)
  return (
    <section class="card">
      <div class="card-head">
        <h2>Second factor</h2>
        <span class={secondFactor ? 'badge good' : 'badge'}>{secondFactor ? 'On' : 'Off'}</span>
      </div>
      <p class="hint">
        {secondFactor
          ? 'To log in, the password and a code of your authenticator are needed. Who loses the authenticator asks the operator of this server to turn it off.'
          : 'An authenticator, an app on your phone, shows a new code every 30 seconds. With it on, nobody logs in with your password alone.'}
      </p>
      <div class="actions">
        <button type="button" class="button" onClick={() => setAsks(true)}>
          {secondFactor ? 'Turn it off' : 'Turn it on'}
        </button>
      </div>
      {asks &&
        (secondFactor ? (
          <EndSecondFactor onClose={close} />
        ) : (
          <BeginSecondFactor email={email} onClose={close} />
        ))}
    </section>
  )
}
