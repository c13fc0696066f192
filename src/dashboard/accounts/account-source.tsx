import { Link } from 'wouter-preact'
import { type Source, useSources } from '../queries.ts'
import { doubtsOf } from '../sources/source-doubts.ts'
import { useNow } from '../sources/when.tsx'
import type { Account } from './account-groups.ts'

/** Undefined until the sources are known, and where the connection was removed. */
export function useSourceOf({ sourceId }: Pick<Account, 'sourceId'>): {
  source: Source | undefined
  isRemoved: boolean
} {
  const { data } = useSources()
  const source = data?.sources.find(({ id }) => id === sourceId)
  return { source, isRemoved: data !== undefined && source === undefined }
}

/** Where what is known of an account comes from. */
export function SourceName({ account }: { account: Account }) {
  const { source, isRemoved } = useSourceOf(account)
  if (account.manual) return <>Kept by hand</>
  if (isRemoved) return <>No longer connected</>
  const name = account.connector === 'file' ? 'Statement files' : source?.name
  return name === undefined ? <>…</> : <Link href={`/sources/${account.sourceId}`}>{name}</Link>
}

/** Why an account may lag behind: the gravest of what is to be said of its source. */
export function StaleMark({ account }: { account: Account }) {
  const now = useNow()
  const { source } = useSourceOf(account)
  const [doubt] = source ? doubtsOf(source, now) : []
  if (doubt === undefined) return null
  return (
    <Link href={`/sources/${account.sourceId}`} class={`badge ${doubt.kind} accounts-stale`}>
      {doubt.badge}
    </Link>
  )
}
