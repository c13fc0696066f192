import PQueue from 'p-queue'
import type { Connector } from '../connectors/connector.ts'
import { scopesOf } from '../connectors/scopes.ts'
import { type Claim, claimSources, type Wanted } from '../db/claims.ts'
import { freeSlots } from '../db/request-budget.ts'
import { leaseSeconds } from './gate.ts'
import type { Scheduler } from './scheduler.ts'
import { syncBatch } from './sync-batch.ts'
import { type SyncReport, syncSource } from './sync-source.ts'

export interface Worker {
  /** Claims what is due and there is room for, and begins it. One at a time; resolves when everything is claimed. */
  tick(): Promise<void>
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>
  /**
   * Runs until the process is to stop: claims at least every `pollSeconds`, and at the moment that a budget has room
   * again or a source of its own goes on. Then lets what runs come to the end of its page groups.
   */
  run(pollSeconds: number): Promise<void>
  running(): number
}

export interface WorkerOptions {
  /** Syncs that run at once. */
  concurrency: number
  onReport?: (claim: Claim, report: SyncReport) => void
}

/** Failures of a provider in a row after which it gets one place until an answer comes. */
const brokenAfter = 5
/** Milliseconds. */
const farOff = 120_000

/**
 * Takes due sources from the database and runs them, as many at once as it may. No connector gets more than half of
 * the places, and one whose provider fails all the time gets one: the others are not slowed by it.
 */
export function createWorker(
  scheduler: Scheduler,
  { concurrency, onReport = () => {} }: WorkerOptions,
): Worker {
  const { db, clock, sleep, connectors, log, signal } = scheduler
  const queue = new PQueue({ concurrency })
  const running = new Map<string, number>()
  const failures = new Map<string, number>()
  let ticking: Promise<void> | undefined
  let tickAgain = false
  /** When it is known that there will be something to claim. */
  const wakeTimes = new Set<number>()
  let rest = new AbortController()

  function wakeAt(at: Date | null | undefined): void {
    // What lies farther off is found by looking.
    if (!at || at.getTime() > clock().getTime() + farOff) return
    wakeTimes.add(at.getTime())
    rest.abort()
  }

  /** Until the first of the times that are known, also where it becomes known meanwhile; at most until `latest`. */
  async function restUntil(latest: number): Promise<void> {
    for (;;) {
      const now = clock().getTime()
      const next = Math.min(latest, ...wakeTimes)
      if (next <= now || signal.aborted) break
      rest = new AbortController()
      await sleep(next - now, AbortSignal.any([signal, rest.signal])).catch(() => {})
    }
    for (const at of wakeTimes) if (at <= clock().getTime()) wakeTimes.delete(at)
  }

  async function idle(): Promise<void> {
    for (;;) {
      await ticking
      await queue.onIdle()
      if (ticking === undefined && queue.size + queue.pending === 0) return
    }
  }

  /** First in the next round, so that no connector is always last. */
  let turn = 0

  async function claimAll(): Promise<void> {
    if ((await scheduler.clockAgrees?.()) === false) return
    do {
      tickAgain = false
      const room = concurrency - queue.size - queue.pending
      if (room <= 0 || signal.aborted) return
      const now = clock()
      const all = await Promise.all(connectors.ids().map((id) => connectors.get(id)))
      const limits = all.flatMap((connector) =>
        scopesOf(connector).map((scope) => ({ connector: connector.id, ...scope })),
      )
      const slots = await freeSlots(db.sql, limits, now)
      const wanted: Wanted[] = []
      const starts = turn++ % Math.max(1, all.length)
      for (const connector of [...all.slice(starts), ...all.slice(0, starts)]) {
        const { free, freeAt } = slots.get(connector.id) ?? { free: 0, freeAt: null }
        if (free <= 0) {
          wakeAt(freeAt)
          continue
        }
        const most = Math.min(placesOf(connector), room, free)
        if (most <= 0) continue
        wanted.push({
          connector: connector.id,
          most,
          mostBackfill: Math.max(1, Math.floor(most / 2)),
          cap: placesOf(connector),
        })
      }
      if (wanted.length === 0) return
      // A place of a batch is for many claims: each connector of batches has its own turn, and the others have theirs.
      const batchMax = new Map(all.map((connector) => [connector.id, connector.batchMax ?? 1]))
      const single = wanted.filter(({ connector }) => batchMax.get(connector) === 1)
      const turns = wanted.filter(({ connector }) => batchMax.get(connector)! > 1).map((batched) => [batched])
      if (single.length > 0) turns.splice(turn % (turns.length + 1), 0, single)
      let left = room
      for (const connectors of turns) {
        if (left <= 0) break
        const size = batchMax.get(connectors[0]!.connector)!
        const claims = await claimSources(
          db.sql,
          size === 1 ? connectors : connectors.map((each) => placesOfBatches(each, left, size)),
          left * size,
          now,
          leaseSeconds,
        )
        for (const work of grouped(claims, all)) {
          begin(work)
          left--
        }
      }
      // There may be more than what was asked for.
      tickAgain ||= left <= 0
    } while (tickAgain && !signal.aborted)
  }

  /** So many claims that their batches, and backfills beside them, do not need more than the places left. */
  function placesOfBatches({ connector, most, mostBackfill }: Wanted, left: number, size: number): Wanted {
    const places = Math.min(most, left)
    const backfills = places === 1 ? turn % 2 : Math.min(mostBackfill, places - 1)
    return {
      connector,
      most: (places - backfills) * size,
      mostBackfill: backfills,
      cap: places * size,
    }
  }

  function placesOf({ id }: Connector): number {
    const share = (failures.get(id) ?? 0) >= brokenAfter ? 1 : Math.ceil(concurrency / 2)
    return share - (running.get(id) ?? 0)
  }

  function begin(claims: Claim[]): void {
    const [first] = claims
    const { connector, lane } = first!
    running.set(connector, (running.get(connector) ?? 0) + 1)
    const run = async () => {
      const reports =
        claims.length === 1 ? [await syncSource(scheduler, first!)] : await syncBatch(scheduler, claims)
      for (const [index, report] of reports.entries()) {
        onReport(claims[index]!, report)
        wakeAt(report.nextAt)
        failures.set(connector, report.providerFailed ? (failures.get(connector) ?? 0) + 1 : 0)
      }
    }
    void queue
      .add(run, { priority: -lane })
      .catch((error: unknown) => {
        // The lease ends by itself, and the source is due again.
        log.error({ err: error, connector }, 'a sync could not be brought to its end')
      })
      .finally(() => {
        running.set(connector, running.get(connector)! - 1)
        if (!signal.aborted) void tick()
      })
  }

  function tick(): Promise<void> {
    if (ticking) {
      tickAgain = true
      return ticking
    }
    ticking = claimAll()
      .catch((error: unknown) => {
        log.error({ err: error }, 'due sources could not be claimed; it is tried again at the next tick')
      })
      .finally(() => {
        ticking = undefined
      })
    return ticking
  }

  return {
    tick,
    idle,
    async run(pollSeconds) {
      while (!signal.aborted) {
        await tick()
        await restUntil(clock().getTime() + pollSeconds * 1000)
      }
      await idle()
    },
    running: () => queue.pending + queue.size,
  }
}

/** Claims that go into one request together, the others each by itself. */
function grouped(claims: Claim[], connectors: Connector[]): Claim[][] {
  const batchMax = new Map(connectors.map(({ id, batchMax }) => [id, batchMax ?? 1]))
  const groups: Claim[][] = []
  const open = new Map<string, Claim[]>()
  for (const claim of claims) {
    const most = claim.lane === 2 ? 1 : batchMax.get(claim.connector)!
    const group = open.get(claim.connector)
    if (most > 1 && group && group.length < most) {
      group.push(claim)
      continue
    }
    const made = [claim]
    groups.push(made)
    if (most > 1) open.set(claim.connector, made)
  }
  return groups
}
