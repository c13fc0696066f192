import type { Limit } from '../connector.ts'
import type { RequestGate } from '../http-client.ts'
import type { FakeClock } from './clock.ts'

/** What one limit counts together. */
interface Slots {
  limit: Limit
  /** When each request was answered, oldest first. */
  answered: number[]
  underWay: number
}

export interface MemoryGate {
  /** The way into the limits for one connection; limits of scope `client` are shared by all of this gate. */
  connection(name: string): RequestGate
}

/** How long a scope rests whose provider said "too many" and not until when. */
export const silentPause = 60_000

/** Keeps a connector's limits by a fake clock: true sliding and fixed windows, used to the last request. */
export function createMemoryGate(limits: Limit[], clock: FakeClock): MemoryGate {
  const slots = new Map<string, Slots>()
  const pauses = new Map<string, number>()
  let waiting: (() => void)[] = []

  const slotsOf = (key: string, limit: Limit): Slots => {
    const known = slots.get(key) ?? { limit, answered: [], underWay: 0 }
    slots.set(key, known)
    return known
  }

  return {
    connection(name) {
      const pauseKey = limits.some(({ scope }) => scope === 'client') ? '' : name
      return {
        async enter(account) {
          const own: Slots[] = []
          for (const [index, limit] of limits.entries()) {
            if (limit.scope === 'client') own.push(slotsOf(`${index}`, limit))
            if (limit.scope === 'connection') own.push(slotsOf(`${index} ${name}`, limit))
            if (limit.scope === 'account' && account !== undefined)
              own.push(slotsOf(`${index} ${name} ${account}`, limit))
          }
          for (;;) {
            const now = clock.now().getTime()
            const free = Math.max(pauses.get(pauseKey) ?? 0, ...own.map((each) => nextFree(each, now)))
            if (free <= now) break
            if (free === Number.POSITIVE_INFINITY) await new Promise<void>((resolve) => waiting.push(resolve))
            else await clock.waitUntil(free)
          }
          const release = clock.hold()
          for (const each of own) each.underWay++
          return async ({ rateLimited, pausedUntil }) => {
            const now = clock.now().getTime()
            for (const each of own) {
              each.underWay--
              each.answered.push(now)
            }
            if (rateLimited) pauses.set(pauseKey, pausedUntil?.getTime() ?? now + silentPause)
            release()
            const woken = waiting
            waiting = []
            for (const wake of woken) wake()
          }
        },
      }
    },
  }
}

/** The earliest moment for one more request; infinite where it takes an answer first. */
function nextFree({ limit, answered, underWay }: Slots, now: number): number {
  const { max, per, kind } = limit
  if (underWay >= max) return Number.POSITIVE_INFINITY
  const start = kind === 'fixed' ? Math.floor(now / per) * per : now - per
  while (answered.length > 0 && (kind === 'fixed' ? answered[0]! < start : answered[0]! <= start))
    answered.shift()
  if (answered.length + underWay < max) return now
  return kind === 'fixed' ? start + per : answered[answered.length - (max - underWay)]! + per
}
