import { Page } from '../ui/page.tsx'

export function SourcePage({ id }: { id: string }) {
  return <Page title="Source">{id}</Page>
}
