import type { Claim } from '../db/claims.ts'
import { finishSync, isLeaseLost, type SyncEnd } from '../db/sync-pages.ts'
import type { Scheduler } from './scheduler.ts'
import { openSync, type Sync } from './sync.ts'
import { syncBackfill } from './sync-backfill.ts'
import { syncHead } from './sync-head.ts'
import { syncLetters } from './sync-letters.ts'
import type { SyncCounts } from './sync-run.ts'

export interface SyncReport extends SyncCounts {
  /** `lost`: the lease had ended, and whoever has the source now goes on. */
  outcome: SyncEnd['outcome'] | 'lost'
  message?: string
  /** When the source goes on. */
  nextAt?: Date
  /** True where the provider itself failed, and not this source of it. */
  providerFailed: boolean
}

/** Runs what a claim is for, to its end, and gives the lease back. Throws where the database is away. */
export async function syncSource(
  scheduler: Scheduler,
  claim: Claim,
  onPage?: (counts: SyncCounts) => void,
): Promise<SyncReport> {
  const sync = await openSync(scheduler, claim, onPage)
  return endSync(sync, () => {
    if (claim.lane !== 2) return syncHead(sync)
    return sync.source.hasQueuedLetters ? syncLetters(sync) : syncBackfill(sync)
  })
}

/** Writes how a sync ended, under its lease. */
export async function endSync(sync: Sync, run: () => Promise<SyncEnd>): Promise<SyncReport> {
  const { scheduler, claim, counts } = sync
  try {
    const end = await run()
    await finishSync(scheduler.db.sql, claim, end, scheduler.clock())
    const message = end.message === undefined ? {} : { message: end.message }
    const nextAt = end.head?.nextSyncAt ?? (end.backfill?.from == null ? undefined : end.backfill.at)
    return {
      ...counts,
      ...message,
      ...(nextAt && { nextAt }),
      outcome: end.outcome,
      providerFailed: sync.providerFailed,
    }
  } catch (error) {
    if (!isLeaseLost(error)) throw error
    scheduler.log.warn({ source: claim.sourceId }, 'the lease of a sync ended before it did')
    return { ...counts, outcome: 'lost', providerFailed: false }
  }
}
