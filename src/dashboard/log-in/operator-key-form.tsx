import { useState } from 'preact/hooks'
import { createClient } from '../../client/client.ts'
import { beginOperatorSession } from '../session/session.ts'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { Gate } from './gate.tsx'

/** For the page of operations: a key that `tidemark api-key add --service` made. */
export function OperatorKeyForm({ onBack }: { onBack: () => void }) {
  const [key, setKey] = useState('')
  const { send, pending, error } = useSubmit(async () => {
    const given = key.trim()
    await createClient({ baseUrl: location.origin, token: () => given }).listSources()
    beginOperatorSession(given)
  })
  return (
    <Gate title="Operations">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Field
          label="Key"
          type="password"
          autocomplete="off"
          required
          hint={
            <>
              Of scope <code>service</code>, as <code>tidemark api-key add --service</code> makes it. It is
              kept until this tab is closed.
            </>
          }
          value={key}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
        <Problem error={error} />
        <button type="submit" class="button primary" disabled={pending}>
          Show operations
        </button>
      </form>
      <button type="button" class="button small" onClick={onBack}>
        Log in instead
      </button>
    </Gate>
  )
}
