import { useRef, useState } from 'preact/hooks'
import { counted } from '../format/counts.ts'
import { Notice, Problem } from '../ui/notice.tsx'
import { Segmented } from '../ui/segmented.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { DeadLetterItem } from './dead-letter-item.tsx'
import { type DeadLetter, useDeadLetters, useKeptDays, useTitles } from './queries.ts'
import { RetryAll } from './retry-all.tsx'

const statuses = [
  { value: 'open', label: 'Open' },
  { value: 'queued', label: 'Queued' },
  { value: 'resolved', label: 'Resolved' },
  { value: 'discarded', label: 'Discarded' },
] as const

/** Fetches that failed for the last time, of all connections, and what can be done with them. */
export function DeadLetters() {
  const [status, setStatus] = useState<DeadLetter['status']>('open')
  const [said, setSaid] = useState<string>()
  const heading = useRef<HTMLHeadingElement>(null)
  const titleOf = useTitles()
  const keptDays = useKeptDays()
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useDeadLetters(status)
  const letters = data?.pages.flatMap(({ deadLetters }) => deadLetters)
  // What was settled leaves the list, and the button that had the focus with it.
  const settled = (sentence: string) => {
    setSaid(sentence)
    heading.current?.focus()
  }
  return (
    <section class="card stack" aria-labelledby="dead-letters">
      <div class="ops-head">
        <h2 id="dead-letters" ref={heading} tabIndex={-1}>
          Dead letters
        </h2>
        <Segmented
          label="Which dead letters"
          options={statuses}
          value={status}
          onChange={(chosen) => {
            setSaid(undefined)
            setStatus(chosen)
          }}
        />
      </div>
      {said && <Notice kind="good">{said}</Notice>}
      {!(data && error instanceof TypeError) && <Problem error={error} retry={refetch} />}
      {letters === undefined && !error && <Skeleton />}
      {letters?.length === 0 && <p class="soft">{nothing[status](keptDays)}</p>}
      {letters && letters.length > 0 && (
        <ul class="ops-list">
          {letters.map((letter) => (
            <DeadLetterItem
              key={letter.id}
              letter={letter}
              title={titleOf(letter.connector)}
              onSettled={settled}
            />
          ))}
        </ul>
      )}
      <div class="actions ops-more">
        {status === 'open' && <RetryAll letters={letters ?? []} onSettled={settled} />}
        {hasNextPage && (
          <button
            type="button"
            class="button small"
            disabled={isFetchingNextPage}
            onClick={() => fetchNextPage()}
          >
            Show older dead letters
          </button>
        )}
      </div>
    </section>
  )
}

const nothing: Record<DeadLetter['status'], (keptDays: number) => string> = {
  open: () =>
    'There are none. A fetch that failed ten times in a row comes here, and what of an answer could not be read.',
  queued: () => 'None waits to be run again.',
  resolved: (keptDays) => `None was made good in the last ${counted(keptDays, 'day')}.`,
  discarded: (keptDays) => `None was discarded in the last ${counted(keptDays, 'day')}.`,
}
