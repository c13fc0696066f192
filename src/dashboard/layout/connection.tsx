import { onlineManager, useIsFetching, useQueryClient } from '@tanstack/preact-query'
import { useEffect, useState } from 'preact/hooks'
import { Notice } from '../ui/notice.tsx'

/** Says that what is on the page may be old, where the server is out of reach. */
export function Connection() {
  const [online, setOnline] = useState(onlineManager.isOnline())
  const client = useQueryClient()
  useIsFetching()
  useEffect(() => onlineManager.subscribe(setOnline), [])
  const queries = client.getQueryCache().getAll()
  const isAway = queries.some(
    (query) => query.state.error instanceof TypeError && query.getObserversCount() > 0,
  )
  if (online && !isAway) return null
  return (
    <div class="connection">
      <Notice kind="warning">
        The server is out of reach. What you see is what it said last; it is asked again by itself.
      </Notice>
    </div>
  )
}
