import type { Connector } from '../connectors/connector.ts'
import type { RequestGate } from '../connectors/http-client.ts'
import { settleSlots, takeClientSlots } from '../db/request-budget.ts'
import { backoff } from '../scheduler/backoff.ts'
import { requestTimeout } from '../scheduler/gate.ts'
import { limitedScope, pauseScopeOf, scopesOf } from '../scheduler/scopes.ts'
import type { openSync } from './open-sync.ts'
import type { CommandContext } from './terminal.ts'

/** Milliseconds beyond which a person is told what is waited for. */
const longestSilence = 2_000
/** The budget is looked at again at least this often: a slot under way may be answered at any time. Milliseconds. */
const longestSleep = 20_000
/** As in a sync: a slot under way counts as used so long beyond its request's timeout. Milliseconds. */
const longestStart = 5_000

/** The way of a request that belongs to no sync into the connector's own budget, which it shares with all syncs. */
export function createCheckGate(
  { stderr, signal }: Pick<CommandContext, 'stderr' | 'signal'>,
  {
    db,
    clock,
    sleep,
    random,
  }: Pick<Awaited<ReturnType<typeof openSync>>, 'db' | 'clock' | 'sleep' | 'random'>,
  connector: Connector,
): RequestGate {
  const limits = scopesOf(connector)
  const clientScope = pauseScopeOf(connector, 'client', undefined)
  // Where each connection has a budget of its own, a refusal says nothing of the others.
  const pausesAll = limitedScope(connector) === 'client'
  let told: string | undefined

  function tellWait(retryAt: Date): void {
    const until = retryAt.toISOString().slice(0, 19)
    if (retryAt.getTime() - clock().getTime() <= longestSilence || until === told) return
    told = until
    stderr.write(`the budget of ${connector.id} is used up: waiting until ${until}Z\n`)
  }

  async function takeSlot() {
    for (;;) {
      signal.throwIfAborted()
      const now = clock()
      const timeout = (requestTimeout + longestStart) / 1000
      const grant = await takeClientSlots(db.sql, connector.id, limits, now, timeout)
      if (grant.granted) return grant
      tellWait(grant.retryAt)
      const wait = grant.retryAt.getTime() - now.getTime()
      await sleep(Math.min(longestSleep, Math.max(1, wait)), signal)
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
