import { formatSpan } from '../format/counts.ts'
import { PolicyItem } from './policy-item.tsx'
import type { Policy } from './queries.ts'

/** What TimescaleDB does by itself, and how that goes. */
export function Policies({ policies }: { policies: Policy[] }) {
  return (
    <>
      <h3 id="timescale-policies">Policies of TimescaleDB</h3>
      <ul class="ops-list" aria-labelledby="timescale-policies">
        {policies.map((policy) => (
          <PolicyItem
            key={`${policy.procedure} ${policy.relation}`}
            what={
              <>
                {workOf(policy)} <span class="soft">every {formatSpan(policy.everySeconds * 1000)}</span>
              </>
            }
            lastRun={policy.lastRun}
            outcome={<LastOutcome status={policy.lastStatus} />}
            nextRun={policy.nextRun}
            withoutNextRun="next run not known"
            failures={policy.failures}
            message={
              policy.lastError !== null && policy.lastStatus !== 'failed'
                ? `When it failed last: ${policy.lastError}`
                : policy.lastError
            }
            hasFailed={policy.lastStatus === 'failed'}
          />
        ))}
      </ul>
    </>
  )
}

function LastOutcome({ status }: { status: Policy['lastStatus'] }) {
  if (status === 'failed') return <span class="badge bad">failed</span>
  if (status === 'succeeded') return <span class="badge good">succeeded</span>
  return null
}

function workOf({ procedure, relation }: Policy): string {
  if (procedure === 'policy_refresh_continuous_aggregate') return `Refresh ${relation}`
  // Its name in older releases, too.
  if (procedure === 'policy_columnstore' || procedure === 'policy_compression')
    return `Move ${relation} into the columnstore`
  return `${procedure} on ${relation}`
}
