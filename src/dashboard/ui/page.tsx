import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { session } from '../session/session.ts'

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

/** What was opened in the browser is begun at its beginning; a page behind the log-in was not. */
let hasNavigated = session.peek() === undefined
