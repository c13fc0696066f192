import './sources.css'
import { Link, useSearchParams } from 'wouter-preact'
import { Problem } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Catalogue } from './catalogue.tsx'
import { ConnectForm } from './connect-form.tsx'
import { useSourceTypes } from './source-queries.ts'
import { UploadSection } from './upload/upload-section.tsx'

/** What can be connected; with `?type=`, the way into one of them. */
export function ConnectPage() {
  const [search] = useSearchParams()
  const { data, error, refetch } = useSourceTypes()
  const types = data?.sourceTypes.filter(({ scope }) => scope === 'user')
  const chosen = types?.find(({ id }) => id === search.get('type'))
  const title = chosen ? `Connect ${chosen.title}` : 'Connect a source'
  return (
    <Page
      title={chosen?.id === 'file' ? 'Upload statement files' : title}
      actions={
        <Link href={chosen ? '/sources/new' : '/sources'} class="button">
          {chosen ? 'Other sources' : 'Back to sources'}
        </Link>
      }
    >
      {!types &&
        (error ? <Problem error={error} retry={() => refetch()} /> : <Skeleton lines={4} height="4rem" />)}
      {types && !chosen && <Catalogue types={types} />}
      {chosen?.id === 'file' && <UploadSection />}
      {chosen && chosen.id !== 'file' && <ConnectForm key={chosen.id} type={chosen} />}
    </Page>
  )
}
