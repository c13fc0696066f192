import type { Source } from '../queries.ts'
import { doubtsOf } from './source-doubts.ts'
import { isOwn, stateOf } from './source-state.ts'
import { useNow, When } from './when.tsx'

function stateId({ id }: Source): string {
  return `source-state-${id}`
}

/** Where a reader goes on whose button has gone with the state that it changed. */
export function focusState(source: Source): void {
  if (document.activeElement === document.body) document.getElementById(stateId(source))?.focus()
}

export function StateBadge({ source }: { source: Source }) {
  const { badge, kind } = stateOf(source, useNow())
  return (
    <span class={`badge ${kind}`} id={stateId(source)} tabIndex={-1}>
      {badge}
    </span>
  )
}

/** How a source stands, in a sentence, and its times. */
export function SourceFacts({ source }: { source: Source }) {
  const now = useNow()
  const { text, kind } = stateOf(source, now)
  const stale = doubtsOf(source, now).find(({ about }) => about === 'age')
  const { lastSyncTime, nextSyncAt, deadLetters, accounts } = source
  return (
    <>
      <p class={kind === 'bad' ? 'bad-text' : ''}>{text}</p>
      {stale && (
        <p>
          <span class={`badge ${stale.kind}`}>{stale.badge}</span> {stale.text}
        </p>
      )}
      <dl class="source-facts">
        {!isOwn(source) && (
          <>
            <div>
              <dt>Last sync</dt>
              <dd>{lastSyncTime === null ? 'None yet' : <When at={lastSyncTime} />}</dd>
            </div>
            <div>
              <dt>Next sync</dt>
              <dd>{nextSyncAt === null ? 'None planned' : <NextSync at={nextSyncAt} now={now} />}</dd>
            </div>
          </>
        )}
        <div>
          <dt>Accounts</dt>
          <dd>{accounts}</dd>
        </div>
        {deadLetters > 0 && (
          <div>
            <dt>Failed fetches</dt>
            <dd>
              <span class="badge warning">{deadLetters}</span>
            </dd>
          </div>
        )}
      </dl>
    </>
  )
}

function NextSync({ at, now }: { at: string; now: number }) {
  return Date.parse(at) <= now ? 'As soon as its turn comes' : <When at={at} />
}
