import { useState } from 'preact/hooks'
import { logOut, logOutEverywhere } from '../session/log-out.ts'
import { Confirm } from '../ui/confirm.tsx'

export function LogIns() {
  const [asks, setAsks] = useState(false)
  return (
    <section class="card">
      <h2>Log out</h2>
      <p class="hint">
        A log-in lasts 30 days. Log out everywhere where a device was lost, or may be in the wrong hands.
      </p>
      <div class="actions">
        <button type="button" class="button" onClick={() => void logOut()}>
          Log out here
        </button>
        <button type="button" class="button danger" onClick={() => setAsks(true)}>
          Log out everywhere
        </button>
      </div>
      {asks && (
        <Confirm
          title="Log out everywhere?"
          action="Log out everywhere"
          run={logOutEverywhere}
          onClose={() => setAsks(false)}
        >
          <p>Every log-in of yours ends at once, this one as well. API keys stay good.</p>
        </Confirm>
      )}
    </section>
  )
}
