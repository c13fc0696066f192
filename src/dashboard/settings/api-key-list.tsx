import { type Answer, api } from '../api.ts'
import { formatInstant } from '../format/dates.ts'
import { Confirm } from '../ui/confirm.tsx'
import { scopeWords } from './scope-words.ts'

export type ApiKey = Answer<'listApiKeys'>['apiKeys'][number]

export function ApiKeyList({
  keys,
  timeZone,
  onRevoke,
}: {
  keys: ApiKey[]
  timeZone: string
  onRevoke: (key: ApiKey) => void
}) {
  if (keys.length === 0)
    return <p>There are none. Make one for each program, so that it can be revoked alone.</p>
  return (
    <ul class="settings-keys">
      {keys.map((key) => (
        <li key={key.id}>
          <div>
            {key.name} <span class="badge">{scopeWords(key.scopes)}</span>
            <p class="hint">
              <span class="code">{key.hint}…</span>, made {formatInstant(key.createdAt, timeZone)},{' '}
              {key.expiresAt === null
                ? 'good until it is revoked'
                : `ends ${formatInstant(key.expiresAt, timeZone)}`}
            </p>
          </div>
          <button
            type="button"
            class="button small"
            aria-label={`Revoke ${key.name}`}
            onClick={() => onRevoke(key)}
          >
            Revoke
          </button>
        </li>
      ))}
    </ul>
  )
}

export function RevokeApiKey({
  apiKey: { id, name },
  onClose,
  onDone,
}: {
  apiKey: ApiKey
  onClose: () => void
  onDone: () => void
}) {
  return (
    <Confirm
      title={`Revoke the key ${name}?`}
      action="Revoke"
      run={() => api.deleteApiKey({ params: { id } })}
      onClose={onClose}
      onDone={onDone}
    >
      <p>Programs that use it are refused at once. A revoked key does not come back.</p>
    </Confirm>
  )
}
