import { Link } from 'wouter-preact'
import { type Source, useAccounts } from '../queries.ts'
import { Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'

export function SourceAccounts({ source }: { source: Source }) {
  const { data, error, refetch } = useAccounts()
  const accounts = data?.accounts.filter(({ sourceId }) => sourceId === source.id)
  return (
    <section class="card stack" aria-labelledby="source-accounts">
      <h2 id="source-accounts">Accounts</h2>
      {!accounts && (error ? <Problem error={error} retry={() => refetch()} /> : <Skeleton />)}
      {accounts?.length === 0 && <p class="soft">It has brought none yet.</p>}
      {accounts && accounts.length > 0 && (
        <ul class="source-accounts">
          {accounts.map(({ id, name, kind }) => (
            <li key={id}>
              <Link href={`/accounts/${id}`}>{name}</Link>
              <span class="hint">{kind}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
