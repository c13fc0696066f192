import { backoff } from '../connectors/backoff.ts'
import type { Connector } from '../connectors/connector.ts'
import { longestStart, type RequestGate, requestTimeout } from '../connectors/http-client.ts'
import { limitedScope, pauseScopeOf, scopesOf } from '../connectors/scopes.ts'
import { type Claim, renewLeases } from '../db/claims.ts'
import { sqlState } from '../db/client.ts'
import { settleSlots, takeSlots } from '../db/request-budget.ts'
import type { Scheduler } from './scheduler.ts'

/** The sync could not get a request's slot in time, and goes on when there is one. */
export class NoSlotError extends Error {
  readonly retryAt: Date
  constructor(retryAt: Date) {
    super('the budget of the provider is used up')
    this.retryAt = retryAt
  }
}

/** Seconds that a source belongs to its worker; every request and every page renews it. */
export const leaseSeconds = 60

/** A head waits so long for its first request, and any sync in the middle of a page group. Milliseconds. */
const longestFirstWait = 20_000
const longestWait = 600_000
/** The lease is renewed by looking again, at least this often. */
const longestSleep = 20_000

export interface SyncGate extends RequestGate {
  /** No request of the page group was made yet: a sync that has to wait may as well end here. */
  groupBegins(): void
  /** No further page group is begun: something more urgent waits. */
  giveWay(): void
  /** Renews these leases, too, while it waits: of those who go into the same request. */
  holdAlso(claims: Claim[]): void
  /** Pauses the scope of a refusal that did not come as a 429. */
  pause(retryAt: Date | undefined, scope: 'client' | 'connection' | undefined): Promise<void>
  /** When the last pause that this sync met will end. */
  pausedUntil(): Date | undefined
}

/** The way of one sync into the budgets of its provider. */
export function createGate(scheduler: Scheduler, connector: Connector, claim: Claim): SyncGate {
  const { db, clock, sleep, signal, abandoned, random } = scheduler
  const pauseScopes = (['client', 'connection'] as const).map((scope) =>
    pauseScopeOf(connector, scope, claim.sourceId),
  )
  let groupIsFresh = true
  let givesWay = false
  let companions: Claim[] = []
  let pausedUntil: Date | undefined
  let strikes = 0

  const pauseEnd = (retryAt: Date | undefined) => {
    const now = clock().getTime()
    // Some say "at once", or go by a clock of their own, and refuse again.
    const least = now + Math.min(60_000, 1000 * 2 ** strikes)
    pausedUntil = new Date(Math.max(least, retryAt?.getTime() ?? now + backoff(strikes + 1, random)))
    return pausedUntil
  }

  async function takeSlot(account: string | undefined) {
    const limits = scopesOf(connector, claim.sourceId, account)
    const since = clock().getTime()
    for (;;) {
      // Asked to stop, a sync goes on to the end of its page group while it has not to wait for that.
      if (groupIsFresh) signal.throwIfAborted()
      abandoned.throwIfAborted()
      if (groupIsFresh && givesWay) throw new NoSlotError(clock())
      if (companions.length > 0) await renewLeases(db.sql, companions, clock(), leaseSeconds)
      // By a clock that has stepped, slots are free that are not: the sync ends as if its lease had, and writes nothing. What
      // is found to agree is the time that is gone by, and not a later one.
      const now = clock()
      if ((await scheduler.clockAgrees?.()) === false)
        throw Object.assign(new Error('the clock has stepped'), { code: sqlState.leaseLost })
      const grant = await takeSlots(db.sql, claim, limits, now, {
        timeoutSeconds: ((scheduler.requestTimeout ?? requestTimeout) + longestStart) / 1000,
        leaseSeconds,
      })
      strikes = grant.strikes
      if (grant.granted) return grant
      const end = grant.retryAt.getTime()
      const longest = groupIsFresh ? (claim.lane === 2 ? 0 : longestFirstWait) : longestWait
      if (end - since > longest) throw new NoSlotError(grant.retryAt)
      await sleep(Math.min(longestSleep, Math.max(1, end - now.getTime())), signal)
    }
  }

  return {
    groupBegins: () => {
      groupIsFresh = true
    },
    giveWay: () => {
      givesWay = true
    },
    holdAlso: (claims) => {
      companions = claims
    },
    pausedUntil: () => pausedUntil,
    async pause(retryAt, scope) {
      const until = pauseEnd(retryAt)
      const nothing = { scopes: [], slots: [], grantedAt: clock() }
      const paused = pauseScopeOf(connector, scope ?? limitedScope(connector), claim.sourceId)
      await settleSlots(db.sql, nothing, clock(), { scope: paused, until })
    },
    async enter(account) {
      let grant = await takeSlot(account)
      groupIsFresh = false
      let leaveProcess = await scheduler.smooth(connector, claim.lane)
      // Whoever was stopped, or waited here, for so long may find the slot with another by now.
      while (clock().getTime() - grant.grantedAt.getTime() > longestStart) {
        leaveProcess()
        grant = await takeSlot(account)
        leaveProcess = await scheduler.smooth(connector, claim.lane)
      }
      return async ({ rateLimited, pausedUntil: retryAt, scope }) => {
        leaveProcess()
        const paused = pauseScopeOf(connector, scope ?? limitedScope(connector), claim.sourceId)
        const pause = rateLimited ? { scope: paused, until: pauseEnd(retryAt) } : undefined
        await settleSlots(
          db.sql,
          { ...grant, scopes: [...grant.scopes, ...pauseScopes], slots: [...grant.slots, 0, 0] },
          clock(),
          pause,
        )
      }
    },
  }
}
