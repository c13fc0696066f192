import { Page } from '../ui/page.tsx'

export function NetWorthPage() {
  return <Page title="Net worth">…</Page>
}
