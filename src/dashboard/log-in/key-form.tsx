import { useState } from 'preact/hooks'
import { createClient } from '../../client/client.ts'
import { isProblem } from '../problem-text.ts'
import { beginOperatorSession } from '../session/session.ts'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'

/** Takes an operator's key, as soon as it opens what it is for. */
export function KeyForm() {
  const [key, setKey] = useState('')
  const { send, pending, error, reset } = useSubmit(async () => {
    const given = key.trim()
    await tryKey(given)
    beginOperatorSession(given)
  })
  return (
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
            Of scope <code>service</code>, as <code>tidemark api-key add --service</code> makes it. It is kept
            until this tab is closed.
          </>
        }
        value={key}
        onInput={({ currentTarget }) => {
          setKey(currentTarget.value)
          reset()
        }}
      />
      <Problem error={error} />
      <button type="submit" class="button primary" aria-disabled={pending}>
        Show operations
      </button>
    </form>
  )
}

/** Throws an error whose message says what is wrong with the key. */
async function tryKey(key: string): Promise<void> {
  const unknown = 'This key is not known here: it is mistyped, was revoked, or has expired.'
  // What no header can hold would not even be sent.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error(unknown)
  try {
    await createClient({ baseUrl: location.origin, token: () => key }).getOperations()
  } catch (error) {
    if (isProblem(error, 'unauthenticated')) throw new Error(unknown)
    if (isProblem(error, 'forbidden'))
      throw new Error('This key is good, and of another scope: operations need a key of scope service.')
    throw error
  }
}
