import { signal } from '@preact/signals'
import { textOf } from '../problem-text.ts'
import { Notice } from './notice.tsx'

/** What a write failed with whose dialog is closed. */
const lateFault = signal<string | undefined>(undefined)

export function tellLateFault(error: unknown): void {
  lateFault.value = textOf(error)
}

/** Nobody goes on believing that it was done. */
export function LateFault() {
  if (lateFault.value === undefined) return null
  return (
    <div class="connection">
      <Notice kind="bad">
        <span>What you closed while it was being sent was not done. {lateFault.value}</span>
        <button
          type="button"
          class="button small"
          onClick={() => {
            lateFault.value = undefined
          }}
        >
          Close
        </button>
      </Notice>
    </div>
  )
}
