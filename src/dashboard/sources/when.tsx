import { useEffect, useState } from 'preact/hooks'
import { formatAgo, formatInstant } from '../format/dates.ts'
import { useMe } from '../queries.ts'
import { serverNow } from '../server-time.ts'

/** `3 hours ago`, with the instant itself in the tooltip. */
export function When({ at }: { at: string }) {
  const now = useNow()
  const { data: me } = useMe()
  return (
    <time dateTime={at} {...(me && { title: formatInstant(at, me.timeZone) })}>
      {formatAgo(at, now)}
    </time>
  )
}

/** The present, again every half minute. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow())
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
