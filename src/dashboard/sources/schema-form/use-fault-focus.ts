import { useEffect, useRef } from 'preact/hooks'

/** Of a form that was refused: leads to its first field at fault. */
export function useFaultFocus(error: unknown) {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (error === undefined) return
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [error])
  return form
}
