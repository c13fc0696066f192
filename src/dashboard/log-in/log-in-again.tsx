import { useLayoutEffect, useRef } from 'preact/hooks'
import { LogInPage } from './log-in-page.tsx'

/** Over the page, and any dialog on it, of somebody whose log-in has ended; what they typed there is kept. */
export function LogInAgain() {
  const element = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    element.current?.showModal()
    // A second Escape in a row closes a dialog, whatever `cancel` says, and a third the one of the page below it.
    const ignoreEscape = (event: KeyboardEvent) => {
      if (event.key === 'Escape') event.preventDefault()
    }
    addEventListener('keydown', ignoreEscape)
    return () => removeEventListener('keydown', ignoreEscape)
  }, [])
  return (
    <dialog
      ref={element}
      class="gate-over"
      aria-label="Log in"
      onCancel={(event) => event.preventDefault()}
      // As the gesture for going back may do.
      onClose={() => element.current?.showModal()}
    >
      <LogInPage />
    </dialog>
  )
}
