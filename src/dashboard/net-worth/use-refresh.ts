import { useEffect, useRef } from 'preact/hooks'
import { queryClient, type Source } from '../queries.ts'

/** What the sources have brought since shows by itself: with each step of theirs everything else is read again. */
export function useRefreshAsSourcesGoOn(sources: Source[] | undefined): void {
  const known = useRef<string>()
  useEffect(() => {
    if (sources === undefined) return
    const state = JSON.stringify(
      sources.map(({ id, lastSyncTime, backfill, running, accounts }) => [
        id,
        lastSyncTime,
        backfill,
        running,
        accounts,
      ]),
    )
    if (known.current !== undefined && known.current !== state)
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'sources' })
    known.current = state
  }, [sources])
}
