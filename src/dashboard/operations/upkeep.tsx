import { PolicyItem } from './policy-item.tsx'
import type { Upkeep } from './queries.ts'

/** What Tidemark's workers do for the database, and how that goes. */
export function UpkeepPolicies({ policies }: { policies: Upkeep[] }) {
  return (
    <>
      <h3 id="policies">Policies</h3>
      <ul class="ops-list" aria-labelledby="policies">
        {policies.map((policy) => (
          <PolicyItem
            key={policy.name}
            what={
              <>
                <strong>{policy.name}</strong> {policy.about}{' '}
                <span class="soft">{[policy.schedule, ...policy.settings.map(settingOf)].join(', ')}</span>
              </>
            }
            lastRun={policy.lastRun}
            outcome={<LastOutcome policy={policy} />}
            nextRun={policy.nextRun}
            withoutNextRun="no run is planned"
            failures={policy.failures}
            message={policy.lastMessage}
            hasFailed={policy.lastStatus === 'failed'}
          />
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
