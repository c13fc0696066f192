import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

/** A modal dialog while it is in the tree; Escape and a click beside it close it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string
  onClose: () => void
  children: ComponentChildren
}) {
  const element = useRef<HTMLDialogElement>(null)
  const isBeside = useRef(false)
  const id = useId()
  useEffect(() => {
    const dialog = element.current!
    dialog.showModal()
    // Closed before it goes, which gives the focus back to where it was.
    return () => dialog.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, by the browser itself
    <dialog
      ref={element}
      aria-labelledby={id}
      // By Escape. Its owner takes it away at once: closed and still there, it could not be opened again.
      onCancel={(event) => {
        if (event.target !== element.current) return
        event.preventDefault()
        onClose()
      }}
      // Told a moment later: one that is gone by then was closed by its owner.
      onClose={() => element.current && onClose()}
      onPointerDown={({ target }) => {
        isBeside.current = target === element.current
      }}
      // A text that is marked from within to beside it ends in a click there, too.
      onClick={({ target }) => isBeside.current && target === element.current && onClose()}
    >
      <div class="dialog-content">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="button plain" aria-label="Close" onClick={onClose}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  )
}
