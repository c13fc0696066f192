import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'

/** What stands around the pages of whoever is not logged in. */
export function Gate({ title, children }: { title: string; children: ComponentChildren }) {
  useEffect(() => {
    const before = document.title
    document.title = `${title} · Tidemark`
    return () => {
      document.title = before
    }
  }, [title])
  return (
    <main id="main" class="gate">
      <p class="brand">
        <img src="/favicon.svg" alt="" width="32" height="32" />
        Tidemark
      </p>
      <h1>{title}</h1>
      {children}
    </main>
  )
}
