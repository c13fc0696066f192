import { useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { api } from '../api.ts'
import { idempotencyKey } from '../idempotency-key.ts'
import { isProblem } from '../problem-text.ts'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { AuthText } from './auth-text.tsx'
import { SchemaFields } from './schema-form/schema-fields.tsx'
import { useFaultFocus } from './schema-form/use-fault-focus.ts'
import { type Drafts, filledIn } from './schema-form/values.ts'
import { keepSource, type SourceType } from './source-queries.ts'
import { historyWords, limitWords } from './type-words.ts'

/** Connects to a provider by a form made of what its connector says that it needs. */
export function ConnectForm({ type }: { type: SourceType }) {
  const [, go] = useLocation()
  const [name, setName] = useState('')
  const [drafts, setDrafts] = useState<Drafts>({})
  // One for each opening of the form: sent twice, it connects once.
  const [key, setKey] = useState(idempotencyKey)
  const { send, pending, error, faults } = useSubmit(async () => {
    const source = await api
      .createSource({
        idempotencyKey: key,
        body: {
          type: type.id,
          ...(name.trim() !== '' && { name }),
          credentials: filledIn(type.credentials, 'credentials', drafts) as Record<string, unknown>,
          config: filledIn(type.config, 'config', drafts) as Record<string, unknown>,
        },
      })
      .catch((problem: unknown) => {
        if (!isProblem(problem, 'idempotency-key-reused')) throw problem
        setKey(idempotencyKey())
        throw new Error(
          'what you sent before may have connected already: look at your sources, then try again',
        )
      })
    keepSource(source)
    go(`/sources/${source.id}`)
  })
  const form = useFaultFocus(error)
  const fields = {
    drafts,
    faults,
    onChange: (path: string, draft: string) => setDrafts((former) => ({ ...former, [path]: draft })),
  }
  return (
    <form
      class="card stack source-narrow"
      ref={form}
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <AuthText text={type.auth} />
      <SchemaFields schema={type.credentials} path="credentials" {...fields} />
      <SchemaFields schema={type.config} path="config" {...fields} />
      <Field
        label="Name (optional)"
        hint="Without one, what the provider calls the connection."
        maxLength={100}
        value={name}
        fault={faults.get('name')}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <p class="hint">
        History: {historyWords(type)} {limitWords(type)} What you give is tried with the provider, kept
        sealed, and never shown again.
      </p>
      {!isToldAtFields(faults) && <Problem error={error} />}
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={pending}>
          {pending ? 'Asking the provider' : 'Connect'}
        </button>
      </div>
    </form>
  )
}

function isToldAtFields(faults: Map<string, string>): boolean {
  return faults.size > 0 && [...faults.keys()].every((field) => /^(name|credentials|config)\b/.test(field))
}
