import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** Holds a table that may be wider than its place. Where it is, the keyboard reaches it to scroll. */
export function TableScroll({ label, children }: { label: string; children: ComponentChildren }) {
  const element = useRef<HTMLDivElement>(null)
  const [isWide, setWide] = useState(false)
  useEffect(() => {
    const place = element.current
    if (!place) return
    const observer = new ResizeObserver(() => setWide(place.scrollWidth > place.clientWidth))
    observer.observe(place)
    for (const child of place.children) observer.observe(child)
    return () => observer.disconnect()
  }, [])
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is of a form
    <div ref={element} class="table-scroll" role="group" aria-label={label} {...(isWide && { tabIndex: 0 })}>
      {children}
    </div>
  )
}
