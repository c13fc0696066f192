import './operations.css'
import { Problem } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Database } from './database.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { Glance } from './glance.tsx'
import { Providers } from './providers.tsx'
import { useOperations } from './queries.ts'
import { Runs } from './runs.tsx'
import { formatClock } from './words.ts'

/** How the installation stands: for whoever runs it, by a key of scope `service`. */
export function OperationsPage() {
  const { data, error, refetch } = useOperations()
  return (
    <Page title="Operations" actions={data && <p class="hint">As of {formatClock(data.at)}</p>}>
      {error && !(data && error instanceof TypeError) && <Problem error={error} retry={refetch} />}
      {data && <Glance operations={data} />}
      {data ? <Providers providers={data.providers} /> : !error && <Skeleton lines={6} />}
      <DeadLetters />
      {data && <Database operations={data} />}
      <Runs providers={data?.providers ?? []} />
    </Page>
  )
}
