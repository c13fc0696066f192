import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { counted } from '../format/counts.ts'
import { formatDay } from '../format/dates.ts'
import type { Source } from '../queries.ts'
import { Confirm } from '../ui/confirm.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { type DeadLetter, useDeadLetters } from './source-queries.ts'
import { When } from './when.tsx'

/** What could not be fetched in the end, to be run again or given up. Nothing is shown where there is none. */
export function DeadLetters({ source }: { source: Source }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useDeadLetters(source.id)
  const letters = data?.pages.flatMap((page) => page.deadLetters) ?? []
  if (letters.length === 0) return <Problem error={error} retry={() => refetch()} />
  return (
    <section class="card stack" aria-labelledby="source-letters">
      <h2 id="source-letters">Failed fetches</h2>
      <ul class="source-letters">
        {letters.map((letter) => (
          <Letter key={letter.id} letter={letter} />
        ))}
      </ul>
      {hasNextPage && (
        <button
          type="button"
          class="button small"
          disabled={isFetchingNextPage}
          onClick={() => fetchNextPage()}
        >
          Show older ones
        </button>
      )}
    </section>
  )
}

function Letter({ letter }: { letter: DeadLetter }) {
  const [discarding, setDiscarding] = useState(false)
  const params = { id: letter.id }
  const retry = useSubmit(() => api.retryDeadLetter({ params }))
  return (
    <li>
      <p>{whatFailed(letter)}</p>
      <p class="source-message bad-text">{letter.error}</p>
      <p class="hint">
        {counted(letter.attempts, 'try', 'tries')}, the last <When at={letter.updatedAt} />.
      </p>
      <Problem error={retry.error} />
      <div class="actions">
        {letter.status === 'queued' ? (
          <span class="badge">To be run again</span>
        ) : (
          <button type="button" class="button small" disabled={retry.pending} onClick={() => retry.send()}>
            Run again
          </button>
        )}
        <button type="button" class="button small" onClick={() => setDiscarding(true)}>
          Discard
        </button>
      </div>
      {discarding && (
        <Confirm
          title="Discard a failed fetch"
          action="Discard"
          run={() => api.discardDeadLetter({ params })}
          onClose={() => setDiscarding(false)}
        >
          <p>It is not run again, and what it would have brought may stay missing.</p>
        </Confirm>
      )}
    </li>
  )
}

function whatFailed({ kind, request: { mode, window } }: DeadLetter): string {
  const days = `${formatDay(window.from)} to ${formatDay(window.to)}`
  if (kind === 'record') return `A part of what came for ${days} could not be used; the rest of it is stored.`
  return mode === 'backfill'
    ? `The history of ${days} did not come.`
    : `What was new from ${days} did not come.`
}
