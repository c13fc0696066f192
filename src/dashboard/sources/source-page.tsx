import './sources.css'
import { useEffect, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { queryClient, type Source, useSources } from '../queries.ts'
import { Notice, Problem } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { MendDialog } from './mend-dialog.tsx'
import { RemoveDialog } from './remove-dialog.tsx'
import { RenameDialog } from './rename-dialog.tsx'
import { RunsTable } from './runs-table.tsx'
import { SourceAccounts } from './source-accounts.tsx'
import { SourceActions } from './source-actions.tsx'
import { SourceFacts, StateBadge } from './source-facts.tsx'
import { SourceProgress } from './source-progress.tsx'
import { useSourceTypes } from './source-queries.ts'
import { isOwn, nameOf } from './source-state.ts'
import { UploadSection } from './upload/upload-section.tsx'

export function SourcePage({ id }: { id: string }) {
  const { data, error, refetch, isFetching } = useSources()
  const source = data?.sources.find((each) => each.id === id)
  if (source) return <KnownSource source={source} />
  return (
    <Page title="Source">
      {data && !isFetching ? (
        <Notice>
          There is no such source, or it was removed. <Link href="/sources">All sources</Link>
        </Notice>
      ) : error ? (
        <Problem error={error} retry={() => refetch()} />
      ) : (
        <Skeleton lines={5} />
      )}
    </Page>
  )
}

function KnownSource({ source }: { source: Source }) {
  const type = useSourceTypes().data?.sourceTypes.find(({ id }) => id === source.type)
  useEffect(readWhatItBrought, [source])
  return (
    <Page title={nameOf(source)} actions={<Link href="/sources">All sources</Link>}>
      <section class="card stack" aria-label="State">
        <div class="actions">
          <StateBadge source={source} />
          {!isOwn(source) && <span class="hint">{type?.title ?? source.type}</span>}
        </div>
        <SourceFacts source={source} />
        <SourceProgress source={source} />
        <SourceActions source={source} />
        <Settings source={source} />
      </section>
      {source.type === 'file' && <UploadSection />}
      <DeadLetters source={source} />
      <SourceAccounts source={source} />
      {source.type !== 'manual' && <RunsTable source={source} />}
    </Page>
  )
}

/** What it was seen to have done shows in its accounts, its runs and what failed of it. */
function readWhatItBrought(): void {
  for (const key of ['accounts', 'runs', 'dead-letters'])
    void queryClient.invalidateQueries({ queryKey: [key] })
}

function Settings({ source }: { source: Source }) {
  const [open, setOpen] = useState<'rename' | 'mend' | 'remove'>()
  const close = () => setOpen(undefined)
  const isBroken = source.status === 'reauth' || source.status === 'revoked'
  return (
    <div class="actions">
      {!isOwn(source) && (
        <button type="button" class="button small" onClick={() => setOpen('rename')}>
          Rename
        </button>
      )}
      {!isOwn(source) && !isBroken && (
        <button type="button" class="button small" onClick={() => setOpen('mend')}>
          New credentials
        </button>
      )}
      <button type="button" class="button small danger" onClick={() => setOpen('remove')}>
        Remove
      </button>
      {open === 'rename' && <RenameDialog source={source} onClose={close} />}
      {open === 'mend' && <MendDialog source={source} onClose={close} />}
      {open === 'remove' && <RemoveDialog source={source} onClose={close} />}
    </div>
  )
}
