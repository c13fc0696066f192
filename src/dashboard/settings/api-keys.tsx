import { useQuery } from '@tanstack/preact-query'
import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import type { Me } from '../queries.ts'
import { Notice, Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { type ApiKey, ApiKeyList, RevokeApiKey } from './api-key-list.tsx'
import { type MadeApiKey, NewApiKey } from './new-api-key.tsx'
import { SecretText } from './secret-text.tsx'

export function ApiKeys({ me: { timeZone } }: { me: Me }) {
  const [isMaking, setIsMaking] = useState(false)
  const [made, setMade] = useState<MadeApiKey>()
  const [revoked, setRevoked] = useState<ApiKey>()
  const { data, error, refetch } = useQuery({
    queryKey: ['api-keys'],
    queryFn: ({ signal }) => api.listApiKeys({ signal }),
  })
  return (
    <section class="card">
      <div class="card-head">
        <h2>API keys</h2>
        <button type="button" class="button small" onClick={() => setIsMaking(true)}>
          New key
        </button>
      </div>
      <p class="hint">
        For scripts and other programs that act for you. What they can ask is described at{' '}
        <a href="/docs">/docs</a>.
      </p>
      {made && <Made made={made} onDone={() => setMade(undefined)} />}
      <Problem error={error} retry={() => void refetch()} />
      {data ? (
        <ApiKeyList keys={data.apiKeys} timeZone={timeZone} onRevoke={setRevoked} />
      ) : (
        !error && <Skeleton lines={2} />
      )}
      {isMaking && <NewApiKey onMade={setMade} onClose={() => setIsMaking(false)} />}
      {revoked && (
        <RevokeApiKey
          apiKey={revoked}
          onClose={() => setRevoked(undefined)}
          onDone={() => {
            setRevoked(undefined)
            if (made?.id === revoked.id) setMade(undefined)
          }}
        />
      )}
    </section>
  )
}

function Made({ made, onDone }: { made: MadeApiKey; onDone: () => void }) {
  return (
    <Notice kind="good">
      <SecretText
        label={`The key ${made.name}`}
        hint="It is shown this once: copy it now. Whoever has it can do all that it may."
        value={made.key}
      />
      <button type="button" class="button small" onClick={onDone}>
        I have copied it
      </button>
    </Notice>
  )
}
