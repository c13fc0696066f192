import './sources.css'
import { Link } from 'wouter-preact'
import { useSources } from '../queries.ts'
import { Problem } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { SourceCard } from './source-card.tsx'
import { useSourceTypes } from './source-queries.ts'
import { UploadSection } from './upload/upload-section.tsx'

export function SourcesPage() {
  const { data, error, refetch } = useSources()
  const types = useSourceTypes().data?.sourceTypes
  return (
    <Page
      title="Sources"
      actions={
        <Link href="/sources/new" class="button primary">
          Connect a source
        </Link>
      }
    >
      {!data &&
        (error ? <Problem error={error} retry={() => refetch()} /> : <Skeleton lines={4} height="6rem" />)}
      {data?.sources.length === 0 && (
        <div class="card empty">
          <h2>Nothing is connected yet</h2>
          <p>
            Connect a bank, a card or an exchange, which is then synced by itself, or upload statement files.
          </p>
        </div>
      )}
      {data && data.sources.length > 0 && (
        <ul class="source-list">
          {data.sources.map((source) => (
            <SourceCard key={source.id} source={source} type={types?.find(({ id }) => id === source.type)} />
          ))}
        </ul>
      )}
      <UploadSection />
    </Page>
  )
}
