import { Link } from 'wouter-preact'
import { type Source, useSources } from '../queries.ts'
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

/** Why an account may lag behind: its source waits for its owner, or some of its fetches have failed. */
export function StaleMark({ account }: { account: Account }) {
  const { source } = useSourceOf(account)
  const why = source && staleness(source)
  if (why === undefined) return null
  return (
    <Link href={`/sources/${account.sourceId}`} class="badge warning accounts-stale">
      {why}
    </Link>
  )
}

function staleness({ status, deadLetters }: Source): string | undefined {
  switch (status) {
    case 'reauth':
    case 'revoked':
      return 'Not up to date: sign in again'
    case 'payment':
      return 'Not up to date: the provider wants to be paid'
    case 'paused':
      return 'Not up to date: paused'
    default:
      return deadLetters > 0 ? 'Some fetches failed' : undefined
  }
}
