import { scopesOf } from '../src/connectors/scopes.ts'
import { type Claim, claimSources } from '../src/db/claims.ts'
import type { Sql } from '../src/db/client.ts'
import { freeSlots, type SlotGrant, settleSlots, takeSlots } from '../src/db/request-budget.ts'
import { requestSync } from '../src/db/sources.ts'
import { finishSync } from '../src/db/sync-pages.ts'
import type { SimulatedClaim, SimulatedSource, Store } from './simulation.ts'

const leaseSeconds = 60
const timeoutSeconds = 35

/** What the workers call, on a clock that the simulation moves. */
export function createDatabaseStore(sql: Sql, sources: SimulatedSource[]): Store {
  const byId = new Map(sources.map((source) => [source.id, source]))
  const claims = new Map<SimulatedClaim, Claim>()
  const grants = new Map<SimulatedClaim, SlotGrant & { granted: true }>()
  return {
    async free(connectors, now) {
      const limits = connectors.flatMap((connector) =>
        scopesOf(connector).map((scope) => ({ connector: connector.id, ...scope })),
      )
      const found = await freeSlots(sql, limits, new Date(now))
      return new Map([...found].map(([id, { free, freeAt }]) => [id, { free, freeAt: freeAt?.getTime() }]))
    },
    async claim(wanted, total, now) {
      const all = wanted.map((each) => ({ ...each, mostBackfill: 1, cap: 1_000 }))
      return (await claimSources(sql, all, total, new Date(now), leaseSeconds)).map((claim) => {
        const made = {
          source: byId.get(claim.sourceId)!,
          lane: claim.lane,
          dueAt: claim.dueAt.getTime(),
        }
        claims.set(made, claim)
        return made
      })
    },
    async take(claim, now) {
      const { source } = claim
      const scopes = scopesOf(source.connector, source.id)
      const grant = await takeSlots(sql, claims.get(claim)!, scopes, new Date(now), {
        timeoutSeconds,
        leaseSeconds,
      })
      if (!grant.granted) return grant.retryAt.getTime()
      grants.set(claim, grant)
      return undefined
    },
    settle: (claim, now) => settleSlots(sql, grants.get(claim)!, new Date(now)),
    async finish(claim, { startedAt, syncedAt, next, lane }, now) {
      const lastSyncTime = syncedAt === undefined ? null : new Date(syncedAt)
      await finishSync(
        sql,
        claims.get(claim)!,
        {
          outcome: lastSyncTime ? 'done' : 'yielded',
          subject: 'incremental',
          startedAt: new Date(startedAt),
          head: { lastSyncTime, nextSyncAt: new Date(next), lane, attempts: 0 },
        },
        new Date(now),
      )
      claims.delete(claim)
    },
    async ask(asked, now) {
      await requestSync(
        sql,
        asked.map(({ id }) => id),
        new Date(now),
      )
    },
  }
}
