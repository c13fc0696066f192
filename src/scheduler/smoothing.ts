import Bottleneck from 'bottleneck'
import type { Connector } from '../connectors/connector.ts'
import type { Lane } from '../db/claims.ts'

/** Requests to one provider that one process has under way at once, at most. */
const mostAtOnce = 32
/** Slower budgets than this are kept by the database alone: there is nothing to smooth. Milliseconds. */
const longestGap = 1000

export type Smooth = (connector: Connector, lane: Lane) => Promise<() => void>

/**
 * Keeps the requests of this process to one provider apart from each other, the urgent ones first, so that a hundred
 * a second are an even stream and not a burst. How many there may be is none of its business: the durable budget
 * decides that before. Resolves when the request may go, to what is called when it has ended.
 */
export function createSmoothing(): Smooth {
  const limiters = new Map<string, Bottleneck>()
  const limiterOf = ({ id, limits }: Connector) => {
    const known = limiters.get(id)
    if (known) return known
    const gaps = limits.filter(({ scope }) => scope === 'client').map(({ max, per }) => per / max)
    const gap = Math.max(0, ...gaps)
    // Half of the even gap: a timer is late at times, and what it lost is made up for.
    const limiter = new Bottleneck({
      maxConcurrent: mostAtOnce,
      minTime: gap < longestGap ? Math.floor(gap / 2) : 0,
    })
    limiters.set(id, limiter)
    return limiter
  }
  return (connector, lane) =>
    new Promise((go) => {
      void limiterOf(connector).schedule({ priority: lane }, () => new Promise<void>((end) => go(end)))
    })
}
