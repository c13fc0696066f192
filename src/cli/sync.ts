import PQueue from 'p-queue'
import { claimSource } from '../db/claims.ts'
import { findSource, listSources, requestSync, type Source } from '../db/sources.ts'
import { findUser, markSeen } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import { leaseSeconds } from '../scheduler/gate.ts'
import { createScheduler, type Scheduler } from '../scheduler/scheduler.ts'
import type { SyncCounts } from '../scheduler/sync-run.ts'
import { type SyncReport, syncSource } from '../scheduler/sync-source.ts'
import { openSync } from './open-sync.ts'
import { createSyncProgress } from './sync-progress.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export interface SyncOptions {
  source?: string
  user?: string
  all?: boolean
  /** False leaves the history that is still to be read to the workers. */
  history: boolean
}

/** Syncs sources now: what is new, then what is left of their history. 1 where one of them failed. */
export async function syncCommand(context: CommandContext, options: SyncOptions): Promise<ExitCode> {
  const { source, user, all } = options
  if ([source, user, all].filter((choice) => choice !== undefined && choice !== false).length !== 1)
    throw new RefusedError('say what to sync: one of --source, --user and --all')
  const db = await context.openDatabase()
  const userId = user === undefined ? undefined : (await findUser(db, user)).id
  if (userId !== undefined) await markSeen(db, userId, context.clock())
  const sources =
    source === undefined ? await listSources(db.sql, { userId }) : [await findSource(db.sql, source)]
  if (sources.length === 0) {
    context.stdout.write('no sources; connect one with tidemark source add\n')
    return 0
  }
  const scheduler = createScheduler({ ...(await openSync(context, db)), abandoned: context.signal })
  const requestedAt = context.clock()
  await requestSync(
    db.sql,
    sources.map(({ id }) => id),
    requestedAt,
  )
  const progress = createSyncProgress(context, sources.length)
  const queue = new PQueue({ concurrency: context.config.workerConcurrency })
  let failed = 0
  for (const each of sources) {
    void queue.add(async () => {
      const report = await syncNow(scheduler, each, { history: options.history, requestedAt }, (counts) =>
        progress.update(each.id, counts),
      )
      if (report.outcome === 'failed') failed++
      progress.done(each, report)
    })
  }
  await queue.onIdle()
  progress.finish()
  return failed > 0 || context.signal.aborted ? 1 : 0
}

/** Until the source has nothing left to do, waiting where its provider's budget says so. */
async function syncNow(
  scheduler: Scheduler,
  source: Source,
  { history, requestedAt }: { history: boolean; requestedAt: Date },
  onPage: (counts: SyncCounts) => void,
): Promise<SyncReport> {
  const { db, clock, sleep, signal } = scheduler
  const sum: SyncReport = {
    outcome: 'done',
    pages: 0,
    added: 0,
    changed: 0,
    unchanged: 0,
    removed: 0,
    providerFailed: false,
  }
  const add = (counts: SyncCounts): SyncCounts => ({
    pages: sum.pages + counts.pages,
    added: sum.added + counts.added,
    changed: sum.changed + counts.changed,
    unchanged: sum.unchanged + counts.unchanged,
    removed: sum.removed + counts.removed,
  })
  let headIsDone = false
  while (!signal.aborted) {
    const [now] = await listSources(db.sql, { sourceId: source.id })
    if (now?.status !== 'active')
      return {
        ...sum,
        outcome: 'failed',
        message: `${now?.status ?? 'removed'}: ${now?.statusMessage ?? 'it is not synced'}`,
      }
    if (headIsDone && (!history || now.backfill === null)) return sum
    // History takes long: what is new may be due again meanwhile.
    const headIsDue = now.nextSyncAt !== null && now.nextSyncAt <= clock()
    const claim = await claimSource(
      db.sql,
      source.id,
      headIsDone && !headIsDue ? 2 : 0,
      clock(),
      leaseSeconds,
    )
    if (!claim) {
      // A worker has it: it does the same work.
      headIsDone ||= now.lastSyncTime !== null && now.lastSyncTime >= requestedAt
      await sleep(500, signal).catch(() => {})
      continue
    }
    const report = await syncSource(scheduler, claim, (counts) => onPage(add(counts)))
    Object.assign(sum, add(report))
    if (report.outcome === 'failed')
      return { ...sum, outcome: 'failed', ...(report.message && { message: report.message }) }
    if (report.outcome === 'done') headIsDone = true
    const wait = (report.nextAt?.getTime() ?? 0) - clock().getTime()
    if (report.outcome === 'yielded' && wait > 0) await sleep(wait, signal).catch(() => {})
  }
  return { ...sum, outcome: 'yielded', message: 'stopped; a worker goes on, or the same command' }
}
