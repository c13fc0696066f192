import type { ComponentChildren } from 'preact'
import { Dialog } from './dialog.tsx'
import { Problem } from './notice.tsx'
import type { Submit } from './use-submit.ts'

/** A dialog that is one form. What is wrong with a field is told beside it, by the form's fields themselves. */
export function FormDialog({
  title,
  action = 'Save',
  submit: { send, pending, error, faults },
  onClose,
  children,
}: {
  title: string
  /** What the button says. */
  action?: string
  submit: Submit<void>
  onClose: () => void
  children: ComponentChildren
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        {children}
        {faults.size === 0 && <Problem error={error} />}
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" aria-disabled={pending}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
