import { useLayoutEffect, useRef } from 'preact/hooks'
import { LogInPage } from './log-in-page.tsx'

/** Over the page, and any dialog on it, of somebody whose log-in has ended; what they typed there is kept. */
export function LogInAgain() {
  const element = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => element.current?.showModal(), [])
  return (
    <dialog
      ref={element}
      class="gate-over"
      aria-label="Log in"
      onCancel={(event) => event.preventDefault()}
      // A browser closes it on the second Escape, whatever is said.
      onClose={() => element.current?.showModal()}
    >
      <LogInPage />
    </dialog>
  )
}
