import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../api.ts'
import { isAtWork, type Source } from '../queries.ts'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { MendDialog } from './mend-dialog.tsx'
import { focusState } from './source-facts.tsx'
import { keepSource } from './source-queries.ts'
import { isOwn, nameOf } from './source-state.ts'

/** What can be done with a source as it stands: sync, pause, resume, mend. */
export function SourceActions({ source }: { source: Source }) {
  const [mending, setMending] = useState(false)
  const { send, pending, error } = useSubmit((run: () => Promise<unknown>) => run())
  const isChanged = useRef(false)
  useEffect(() => {
    if (isChanged.current) focusState(source)
    isChanged.current = false
  }, [source.status])
  if (isOwn(source)) return null
  const { id, status } = source
  const params = { id }
  const set = (wanted: 'active' | 'paused') =>
    send(async () => {
      const changed = await api.updateSource({ params, body: { status: wanted } })
      isChanged.current = true
      keepSource(changed)
    })
  // Not `disabled`, which would take the focus off the one that was pressed.
  const button = { type: 'button', 'aria-disabled': pending } as const
  const mayNotSync = pending || (isAtWork(source) && source.backfill === null) || source.running
  const about = (action: string) => ({ 'aria-label': `${action}: ${nameOf(source)}` })
  return (
    <>
      <div class="actions">
        {status === 'active' && (
          <>
            <button
              {...button}
              {...about('Sync now')}
              class="button small"
              aria-disabled={mayNotSync}
              onClick={() => !mayNotSync && send(() => api.syncSource({ params }))}
            >
              Sync now
            </button>
            <button {...button} {...about('Pause')} class="button small" onClick={() => set('paused')}>
              Pause
            </button>
          </>
        )}
        {status === 'paused' && (
          <button {...button} {...about('Resume')} class="button small primary" onClick={() => set('active')}>
            Resume
          </button>
        )}
        {status === 'payment' && (
          <button
            {...button}
            {...about('It is paid: go on')}
            class="button small primary"
            onClick={() => set('active')}
          >
            It is paid: go on
          </button>
        )}
        {(status === 'reauth' || status === 'revoked') && (
          <button
            {...button}
            {...about('Sign in again')}
            class="button small primary"
            onClick={() => setMending(true)}
          >
            Sign in again
          </button>
        )}
      </div>
      <Problem error={error} />
      {mending && <MendDialog source={source} onClose={() => setMending(false)} />}
    </>
  )
}
