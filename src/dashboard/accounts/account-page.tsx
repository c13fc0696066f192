import { Page } from '../ui/page.tsx'

export function AccountPage({ id }: { id: string }) {
  return <Page title="Account">{id}</Page>
}
