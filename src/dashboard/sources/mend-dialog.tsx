import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import type { Source } from '../queries.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { AuthText } from './auth-text.tsx'
import { SchemaFields } from './schema-form/schema-fields.tsx'
import { useFaultFocus } from './schema-form/use-fault-focus.ts'
import { type Drafts, filledIn } from './schema-form/values.ts'
import { keepSource, type SourceType, useSourceTypes } from './source-queries.ts'

/** New credentials for a connection that there is. */
export function MendDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const { data, error, refetch } = useSourceTypes()
  const type = data?.sourceTypes.find(({ id }) => id === source.type)
  return (
    <Dialog title={`Sign in again: ${source.name}`} onClose={onClose}>
      {type && <MendForm source={source} type={type} onClose={onClose} />}
      {data && !type && <p>This installation does not know sources of type {source.type} any more.</p>}
      {!data && (error ? <Problem error={error} retry={() => refetch()} /> : <Skeleton />)}
    </Dialog>
  )
}

function MendForm({ source, type, onClose }: { source: Source; type: SourceType; onClose: () => void }) {
  const [drafts, setDrafts] = useState<Drafts>({})
  const { send, pending, error, faults } = useSubmit(async () => {
    const credentials = filledIn(type.credentials, 'credentials', drafts) as Record<string, unknown>
    keepSource(await api.putSourceCredentials({ params: { id: source.id }, body: { credentials } }))
  }, onClose)
  const form = useFaultFocus(error)
  return (
    <form
      class="stack"
      ref={form}
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <AuthText text={type.auth} />
      <SchemaFields
        schema={type.credentials}
        path="credentials"
        drafts={drafts}
        faults={faults}
        onChange={(path, draft) => setDrafts((former) => ({ ...former, [path]: draft }))}
      />
      <p class="hint">They are tried with the provider, kept sealed, and never shown again.</p>
      {faults.size === 0 && <Problem error={error} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button primary" aria-disabled={pending}>
          {pending ? 'Trying them' : 'Sign in'}
        </button>
      </div>
    </form>
  )
}
