import type { ComponentChildren } from 'preact'
import { textOf } from '../problem-text.ts'

type Kind = 'info' | 'good' | 'warning' | 'bad'

/** Said aloud as it comes: at once where something went wrong. */
export function Notice({ kind = 'info', children }: { kind?: Kind; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  )
}

/** What went wrong, where something did. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error === null || error === undefined) return null
  return (
    <Notice kind="bad">
      <span>{textOf(error)}</span>
      {retry && (
        <button type="button" class="button small" onClick={retry}>
          Try again
        </button>
      )}
    </Notice>
  )
}
