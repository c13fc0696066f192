import { counted } from '../format/counts.ts'
import { Moment } from './policies.tsx'
import type { Upkeep } from './queries.ts'

/** What Tidemark's workers do for the database, and how that goes. */
export function UpkeepPolicies({ policies }: { policies: Upkeep[] }) {
  return (
    <>
      <h3 id="policies">Policies</h3>
      <ul class="ops-list" aria-labelledby="policies">
        {policies.map((policy) => (
          <li key={policy.name} class="ops-policy">
            <span>
              <strong>{policy.name}</strong> {policy.about}{' '}
              <span class="soft">{[policy.schedule, ...policy.settings.map(settingOf)].join(', ')}</span>
            </span>
            <span>
              {policy.lastRun === null ? (
                'has not run yet'
              ) : (
                <>
                  last run <Moment at={policy.lastRun} />
                </>
              )}{' '}
              <LastOutcome policy={policy} />
            </span>
            <span>
              {policy.nextRun === null ? (
                'no run is planned'
              ) : (
                <>
                  next run <Moment at={policy.nextRun} />
                </>
              )}
            </span>
            <span class={policy.failures > 0 ? 'bad-text' : 'soft'}>
              {policy.failures === 0 ? 'never failed' : `failed ${counted(policy.failures, 'time')}`}
            </span>
            {policy.lastMessage !== null && (
              <span class={`ops-error ${policy.lastStatus === 'failed' ? 'bad-text' : 'soft'}`}>
                {policy.lastMessage}
              </span>
            )}
          </li>
        ))}
      </ul>
      <p class="hint">They are changed by `tidemark policies set`.</p>
    </>
  )
}

function LastOutcome({ policy: { running, lastRun, lastEnd, lastStatus } }: { policy: Upkeep }) {
  if (running) return <span class="badge">running</span>
  if (lastRun !== null && lastEnd === null) return <span class="badge bad">broken off</span>
  if (lastStatus === 'failed') return <span class="badge bad">failed</span>
  if (lastStatus === 'succeeded') return <span class="badge good">succeeded</span>
  return null
}

function settingOf({ name, value, origin }: Upkeep['settings'][number]): string {
  return `${name} ${value ?? 'off'}${origin === 'default' ? '' : origin === 'set' ? ' (set)' : ' (set by the environment)'}`
}
