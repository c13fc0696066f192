import { Page } from '../ui/page.tsx'

export function OperationsPage() {
  return <Page title="Operations">…</Page>
}
