import type { ComponentChildren } from 'preact'
import { Dialog } from './dialog.tsx'
import { Problem } from './notice.tsx'
import { useSubmit } from './use-submit.ts'

/** Asks before something that cannot be taken back. */
export function Confirm({
  title,
  children,
  action,
  run,
  onClose,
  onDone = onClose,
}: {
  title: string
  children: ComponentChildren
  /** What the button says. */
  action: string
  run: () => Promise<unknown>
  onClose: () => void
  onDone?: () => void
}) {
  const { send, pending, error } = useSubmit(run, onDone)
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <Problem error={error} />
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger" aria-disabled={pending} onClick={() => send()}>
          {action}
        </button>
      </div>
    </Dialog>
  )
}
