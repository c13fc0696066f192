import { Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'

interface Query {
  error: unknown
  refetch: () => unknown
}

/** In the place of what has not been answered yet: a skeleton, or what went wrong and a way to try again. */
export function Pending({ queries, lines = 3 }: { queries: Query[]; lines?: number }) {
  const failed = queries.filter(({ error }) => error !== null)
  if (failed.length === 0) return <Skeleton lines={lines} />
  return <Problem error={failed[0]?.error} retry={() => failed.map(({ refetch }) => refetch())} />
}

/** Above what is shown still, where it could not be read again. A server out of reach is told above every page. */
export function Outdated({ queries }: { queries: Query[] }) {
  const failed = queries.filter(({ error }) => error !== null && !(error instanceof TypeError))
  return failed.length === 0 ? null : <Pending queries={failed} />
}
