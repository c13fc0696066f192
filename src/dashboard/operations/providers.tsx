import { counted, formatCount } from '../format/counts.ts'
import { formatAgo } from '../format/dates.ts'
import { Budget } from './budget.tsx'
import type { Provider } from './queries.ts'
import { formatClock, formatMoment } from './words.ts'

export function Providers({ providers }: { providers: Provider[] }) {
  return (
    <section class="stack" aria-labelledby="providers">
      <h2 id="providers">Providers</h2>
      {providers.length === 0 && (
        <div class="card empty">
          <p>Nothing is connected yet. Providers stand here as soon as somebody connects one.</p>
        </div>
      )}
      <ul class="ops-providers">
        {providers.map((provider) => (
          <ProviderCard key={provider.connector} provider={provider} />
        ))}
      </ul>
    </section>
  )
}

function ProviderCard({ provider }: { provider: Provider }) {
  const { title, sources, due, oldestKnownSync, neverSynced, budgets, connectionsUsedUp } = provider
  return (
    <li class="card ops-provider">
      <div class="ops-head">
        <h3>{title}</h3>
        <span class="actions">
          {badgesOf(provider).map(({ kind, text }) => (
            <span key={text} class={`badge ${kind}`}>
              {text}
            </span>
          ))}
        </span>
      </div>
      <dl class="ops-facts">
        <dt>Connections</dt>
        <dd>
          {formatCount(sources)}
          {due > 0 && `, ${formatCount(due)} due`}
        </dd>
        <dt>Oldest sync</dt>
        <dd>
          {oldestKnownSync && (
            <time dateTime={oldestKnownSync} title={formatMoment(oldestKnownSync)}>
              {formatAgo(oldestKnownSync)}
            </time>
          )}
          {oldestKnownSync && neverSynced > 0 && ', '}
          {neverSynced > 0 && `${formatCount(neverSynced)} of ${formatCount(sources)} not synced yet`}
        </dd>
        {connectionsUsedUp !== null && (
          <>
            <dt>Own budgets</dt>
            <dd>
              {connectionsUsedUp === 0
                ? 'No connection at its limit'
                : `${counted(connectionsUsedUp, 'connection')} at ${connectionsUsedUp === 1 ? 'its' : 'their'} limit`}
            </dd>
          </>
        )}
      </dl>
      {budgets.length > 0 && (
        <ul class="ops-budgets" aria-label={`Requests to ${title}`}>
          {budgets.map((budget) => (
            <Budget key={budget.scope} {...budget} />
          ))}
        </ul>
      )}
    </li>
  )
}

/** The gravest first. */
function badgesOf({ pausedUntil, failing, deadLetters, waiting, running, backfilling }: Provider) {
  const badges = [
    ...(pausedUntil === null ? [] : [{ kind: 'warning', text: `paused until ${formatClock(pausedUntil)}` }]),
    { kind: 'bad', count: failing, text: `${formatCount(failing)} failing` },
    { kind: 'bad', count: deadLetters, text: counted(deadLetters, 'dead letter') },
    { kind: 'warning', count: waiting, text: `${formatCount(waiting)} waiting for their owner` },
  ].filter(({ count }: { count?: number }) => count !== 0)
  const work = [
    { kind: '', count: running, text: `${formatCount(running)} syncing` },
    { kind: '', count: backfilling, text: `${formatCount(backfilling)} reading history` },
  ].filter(({ count }) => count > 0)
  return [...(badges.length === 0 ? [{ kind: 'good', text: 'in order' }] : badges), ...work]
}
