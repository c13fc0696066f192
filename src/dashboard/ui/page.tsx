import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** A page with its title, which is where a reader who cannot see begins after following a link. */
export function Page({
  title,
  actions,
  children,
}: {
  title: string
  actions?: ComponentChildren
  children: ComponentChildren
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Tidemark`
    if (hasNavigated) heading.current?.focus()
    hasNavigated = true
  }, [title])
  return (
    <main id="main">
      <div class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {children}
    </main>
  )
}

/** The first page is begun at its beginning. */
let hasNavigated = false
