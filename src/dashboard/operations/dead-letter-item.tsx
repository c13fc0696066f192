import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { counted } from '../format/counts.ts'
import { formatAgo, formatDay } from '../format/dates.ts'
import { Confirm } from '../ui/confirm.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import type { DeadLetter } from './queries.ts'
import { formatMoment } from './words.ts'

export function DeadLetterItem({
  letter,
  title,
  onSettled,
}: {
  letter: DeadLetter
  /** Of its provider. */
  title: string
  /** A sentence that says what was done. */
  onSettled: (sentence: string) => void
}) {
  const { id, sourceName, kind, error: reason, attempts, status, updatedAt, request } = letter
  const [discarding, setDiscarding] = useState(false)
  const { send, pending, error } = useSubmit(
    () => api.retryDeadLetter({ params: { id } }),
    () => onSettled(`Dead letter ${id} of ${title} is queued: a worker runs it again.`),
  )
  const { from, to } = request.window
  return (
    <li class="ops-letter" aria-label={`Dead letter ${id}`}>
      <div>
        <p>
          <strong>{title}</strong> {sourceName}{' '}
          <span class="badge">{kind === 'fetch' ? 'failed fetch' : 'part of an answer'}</span>
        </p>
        <p class="ops-reason">{reason}</p>
        <p class="hint">
          {request.mode === 'backfill' ? 'History' : 'What is new'}, {formatDay(from)}
          {to !== from && ` to ${formatDay(to)}`}
          {' · '}
          {counted(attempts, 'attempt')}
          {' · '}
          <time dateTime={updatedAt} title={formatMoment(updatedAt)}>
            {formatAgo(updatedAt)}
          </time>
        </p>
        <Problem error={error} />
      </div>
      <div class="actions">
        {status === 'open' && (
          <button
            type="button"
            class="button small"
            aria-label={`Retry dead letter ${id}`}
            disabled={pending}
            onClick={() => send()}
          >
            Retry
          </button>
        )}
        {(status === 'open' || status === 'queued') && (
          <button
            type="button"
            class="button small danger"
            aria-label={`Discard dead letter ${id}`}
            onClick={() => setDiscarding(true)}
          >
            Discard
          </button>
        )}
      </div>
      {discarding && (
        <Confirm
          title="Discard this dead letter?"
          action="Discard"
          run={() => api.discardDeadLetter({ params: { id } })}
          onClose={() => setDiscarding(false)}
          onDone={() => {
            setDiscarding(false)
            onSettled(`Dead letter ${id} of ${title} is discarded.`)
          }}
        >
          <p>
            It is closed without being run again. What it failed to bring from {title} stays missing
            {kind === 'fetch' ? ', unless a later sync reads the same days' : ''}.
          </p>
        </Confirm>
      )}
    </li>
  )
}
