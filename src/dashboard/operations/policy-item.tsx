import type { ComponentChildren } from 'preact'
import { counted } from '../format/counts.ts'
import { formatAgo } from '../format/dates.ts'
import { formatMoment } from './words.ts'

export interface PolicyItemProps {
  what: ComponentChildren
  /** Moments as the API writes them. */
  lastRun: string | null
  outcome: ComponentChildren
  nextRun: string | null
  /** Said where there is no next run. */
  withoutNextRun: string
  failures: number
  message: ComponentChildren
  hasFailed: boolean
}

/** A policy in a list: what it does, and how that goes. */
export function PolicyItem(policy: PolicyItemProps) {
  const { what, lastRun, outcome, nextRun, withoutNextRun, failures, message, hasFailed } = policy
  return (
    <li class="ops-policy">
      <span>{what}</span>
      <span>
        {lastRun === null ? (
          'has not run yet'
        ) : (
          <>
            last run <Moment at={lastRun} />
          </>
        )}{' '}
        {outcome}
      </span>
      <span>
        {nextRun === null ? (
          withoutNextRun
        ) : (
          <>
            next run <Moment at={nextRun} />
          </>
        )}
      </span>
      <span class={failures > 0 ? 'bad-text' : 'soft'}>
        {failures === 0 ? 'never failed' : `failed ${counted(failures, 'time')}`}
      </span>
      {message !== null && <span class={`ops-error ${hasFailed ? 'bad-text' : 'soft'}`}>{message}</span>}
    </li>
  )
}

function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={formatMoment(at)}>
      {formatAgo(at)}
    </time>
  )
}
