import { counted, formatSpan } from '../format/counts.ts'
import { formatAgo } from '../format/dates.ts'
import type { Policy } from './queries.ts'
import { formatMoment } from './words.ts'

/** What TimescaleDB does by itself, and how that goes. */
export function Policies({ policies }: { policies: Policy[] }) {
  return (
    <>
      <h3 id="timescale-policies">Policies of TimescaleDB</h3>
      <ul class="ops-list" aria-labelledby="timescale-policies">
        {policies.map((policy) => (
          <li key={`${policy.procedure} ${policy.relation}`} class="ops-policy">
            <span>
              {workOf(policy)} <span class="soft">every {formatSpan(policy.everySeconds * 1000)}</span>
            </span>
            <span>
              {policy.lastRun === null ? (
                'has not run yet'
              ) : (
                <>
                  last run <Moment at={policy.lastRun} />
                </>
              )}{' '}
              {policy.lastStatus === 'failed' && <span class="badge bad">failed</span>}
              {policy.lastStatus === 'succeeded' && <span class="badge good">succeeded</span>}
            </span>
            <span>
              {policy.nextRun === null ? (
                'next run not known'
              ) : (
                <>
                  next run <Moment at={policy.nextRun} />
                </>
              )}
            </span>
            <span class={policy.failures > 0 ? 'bad-text' : 'soft'}>
              {policy.failures === 0 ? 'never failed' : `failed ${counted(policy.failures, 'time')}`}
            </span>
            {policy.lastError !== null && (
              <span class={`ops-error ${policy.lastStatus === 'failed' ? 'bad-text' : 'soft'}`}>
                {policy.lastStatus === 'failed' ? '' : 'When it failed last: '}
                {policy.lastError}
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={formatMoment(at)}>
      {formatAgo(at)}
    </time>
  )
}

function workOf({ procedure, relation }: Policy): string {
  if (procedure === 'policy_refresh_continuous_aggregate') return `Refresh ${relation}`
  // Its name in older releases, too.
  if (procedure === 'policy_columnstore' || procedure === 'policy_compression')
    return `Move ${relation} into the columnstore`
  return `${procedure} on ${relation}`
}
