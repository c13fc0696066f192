import { useEffect, useRef, useState } from 'preact/hooks'
import { Problem } from '../ui/notice.tsx'

/** The end of the list: brings more as it comes near, or is asked to. */
export function MoreRows({
  hasMore,
  isBusy,
  isLoading,
  error,
  load,
}: {
  hasMore: boolean
  /** Anything of the list is being read: what comes next waits for it. */
  isBusy: boolean
  /** What comes next is. */
  isLoading: boolean
  error: unknown
  load: () => void
}) {
  const end = useRef<HTMLDivElement>(null)
  const [isNear, setNear] = useState(false)
  useEffect(() => {
    // Several changes may be told at once, of which the last one holds.
    const observer = new IntersectionObserver((changes) => setNear(changes.at(-1)!.isIntersecting), {
      rootMargin: '1200px',
    })
    observer.observe(end.current!)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (isNear && hasMore && !isBusy && !error) load()
  }, [isNear, hasMore, isBusy, error])
  return (
    <div ref={end} class="tx-end">
      {error ? (
        <Problem error={error} retry={load} />
      ) : (
        hasMore && (
          // Not `disabled` while it loads, which would take the focus off it.
          <button type="button" class="button" aria-disabled={isLoading} onClick={() => !isBusy && load()}>
            {isLoading ? 'Loading…' : 'Show more'}
          </button>
        )
      )}
    </div>
  )
}
