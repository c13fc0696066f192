import type { ComponentChildren } from 'preact'
import { useErrorBoundary } from 'preact/hooks'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'

/** A page that cannot be drawn takes none of the others along. */
export function PageBoundary({ children }: { children: ComponentChildren }) {
  const [error] = useErrorBoundary((fault) => console.error(fault))
  if (error === undefined) return <>{children}</>
  return (
    <Page title="Something went wrong">
      <Notice kind="bad">
        <span>This page cannot be shown as it is. Nothing of what is stored was touched.</span>
        <button type="button" class="button small" onClick={() => location.reload()}>
          Load it again
        </button>
      </Notice>
    </Page>
  )
}
