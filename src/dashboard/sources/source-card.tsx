import { Link } from 'wouter-preact'
import type { Source } from '../queries.ts'
import { SourceActions } from './source-actions.tsx'
import { SourceFacts, StateBadge } from './source-facts.tsx'
import type { SourceType } from './source-queries.ts'
import { isOwn, nameOf } from './source-state.ts'

export function SourceCard({ source, type }: { source: Source; type: SourceType | undefined }) {
  const name = nameOf(source)
  return (
    <li class="card source-card">
      <div class="card-head">
        <h2>
          <Link href={`/sources/${source.id}`}>{name}</Link>
        </h2>
        <StateBadge source={source} />
      </div>
      {!isOwn(source) && <p class="hint">{type?.title ?? source.type}</p>}
      <SourceFacts source={source} />
      <SourceActions source={source} />
    </li>
  )
}
