import { formatCount, formatDuration } from '../format/counts.ts'
import { formatAgo } from '../format/dates.ts'
import type { Run } from './queries.ts'
import { formatMoment } from './words.ts'

export function RunItem({ run, title }: { run: Run; title: string }) {
  const { sourceName, owner, subject, startedAt, endedAt, outcome, message } = run
  const { kind, text } = outcomes[outcome ?? 'running']
  return (
    <li class="ops-run">
      <span>
        <span class={`badge ${kind}`}>{text}</span>
      </span>
      <span class="ops-what">
        <strong>{title}</strong> {sourceName}
        {owner === 'platform' && <span class="badge">platform</span>}
        <span class="soft"> {subject}</span>
        {message && <span class={outcome === 'failed' ? 'ops-reason' : 'hint'}>{message}</span>}
      </span>
      <span class="ops-changes">{changesOf(run)}</span>
      <span class="ops-when soft">
        <time dateTime={startedAt} title={formatMoment(startedAt)}>
          {formatAgo(startedAt)}
        </time>
        {endedAt && `, ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`}
      </span>
    </li>
  )
}

const outcomes = {
  done: { kind: 'good', text: 'done' },
  failed: { kind: 'bad', text: 'failed' },
  yielded: { kind: '', text: 'made way' },
  running: { kind: 'warning', text: 'running' },
}

/** What became of the rows that it told. */
function changesOf({ added, changed, removed, unchanged }: Run): string {
  const parts = [
    ...(added > 0 ? [`${formatCount(added)} added`] : []),
    ...(changed > 0 ? [`${formatCount(changed)} changed`] : []),
    ...(removed > 0 ? [`${formatCount(removed)} removed`] : []),
  ]
  if (parts.length > 0) return parts.join(', ')
  return unchanged > 0 ? `${formatCount(unchanged)} unchanged` : 'nothing new'
}
