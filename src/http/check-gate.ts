import { backoff } from '../connectors/backoff.ts'
import type { Connector } from '../connectors/connector.ts'
import { RateLimitedError } from '../connectors/errors.ts'
import { longestStart, type RequestGate, requestTimeout } from '../connectors/http-client.ts'
import { limitedScope, pauseScopeOf, scopesOf } from '../connectors/scopes.ts'
import { settleSlots, takeClientSlots } from '../db/request-budget.ts'
import type { HttpParts } from './parts.ts'

/** Milliseconds beyond which a person is told what is waited for. */
const longestSilence = 2_000
/** The budget is looked at again at least this often: a slot under way may be answered at any time. Milliseconds. */
const longestSleep = 20_000

export interface CheckWaiting {
  /** Milliseconds that all of the check may wait for the budget; without it, as long as it takes. */
  longestWait?: number
  /** Told when the wait is one of seconds, once of each moment that is waited for. */
  onWait?: (until: Date) => void
}

/**
 * The way of a request that belongs to no sync into the connector's own budget, which it shares with all syncs. Throws
 * a RateLimitedError where it would have to wait for longer than it may.
 */
export function createCheckGate(
  { db, clock, sleep, random, signal }: Pick<HttpParts, 'db' | 'clock' | 'sleep' | 'random' | 'signal'>,
  connector: Connector,
  { longestWait = Number.POSITIVE_INFINITY, onWait }: CheckWaiting = {},
): RequestGate {
  const limits = scopesOf(connector)
  const clientScope = pauseScopeOf(connector, 'client', undefined)
  // Where each connection has a budget of its own, a refusal says nothing of the others.
  const pausesAll = limitedScope(connector) === 'client'
  let waited = 0
  let told: string | undefined

  function tellWait(until: Date, wait: number): void {
    const second = until.toISOString().slice(0, 19)
    if (wait <= longestSilence || second === told) return
    told = second
    onWait?.(until)
  }

  async function takeSlot() {
    for (;;) {
      signal.throwIfAborted()
      const now = clock()
      const timeout = (requestTimeout + longestStart) / 1000
      const grant = await takeClientSlots(db.sql, connector.id, limits, now, timeout)
      if (grant.granted) return grant
      const wait = Math.max(1, grant.retryAt.getTime() - now.getTime())
      if (waited + wait > longestWait)
        throw new RateLimitedError(
          `all requests that it allows are used up until ${grant.retryAt.toISOString()}`,
          grant.retryAt,
        )
      tellWait(grant.retryAt, wait)
      const pause = Math.min(longestSleep, wait)
      waited += pause
      await sleep(pause, signal)
    }
  }

  return {
    async enter() {
      const grant = await takeSlot()
      return async ({ rateLimited, pausedUntil }) => {
        const now = clock()
        const until = pausedUntil ?? new Date(now.getTime() + backoff(grant.strikes + 1, random))
        // The connector's scope, without a slot in it, ends its row of refusals where it answered.
        const answered = rateLimited && !pausesAll ? [] : [clientScope]
        await settleSlots(
          db.sql,
          {
            ...grant,
            scopes: [...grant.scopes, ...answered],
            slots: [...grant.slots, ...answered.map(() => 0)],
          },
          now,
          rateLimited && pausesAll ? { scope: clientScope, until } : undefined,
        )
      }
    },
  }
}
