import type { Connector } from '../src/connectors/connector.ts'
import type { Lane } from '../src/db/claims.ts'
import { nextSync } from '../src/scheduler/next-sync.ts'
import { createHeap } from './heap.ts'

/** Milliseconds, as all times here. */
const second = 1000
/** As in src/scheduler/gate.ts: a head waits so long for its first request, and for those behind it. */
const longestFirstWait = 20 * second
const longestWait = 600 * second
const longestSleep = 20 * second

export interface SimulatedSource {
  id: string
  connector: Connector
  /** Requests of one sync. */
  requests: number
  timeZone: string
  /** How long its owner has not looked. */
  away: number
  rhythm: 'active' | 'regular' | 'dormant'
  lastSync: number
  next: number
}

export interface SimulatedClaim {
  source: SimulatedSource
  lane: Lane
  dueAt: number
}

/** Where sources and budgets are kept: in memory, or in the database through what the workers call. */
export interface Store {
  free(
    connectors: Connector[],
    now: number,
  ): Promise<Map<string, { free: number; freeAt: number | undefined }>>
  claim(wanted: { connector: string; most: number }[], total: number, now: number): Promise<SimulatedClaim[]>
  /** Undefined where the slots were taken, else when to try again. */
  take(claim: SimulatedClaim, now: number): Promise<number | undefined>
  settle(claim: SimulatedClaim, now: number): Promise<void>
  finish(claim: SimulatedClaim, end: SimulatedEnd, now: number): Promise<void>
  /** Somebody waits for these. */
  ask(sources: SimulatedSource[], now: number): Promise<void>
}

export interface SimulatedEnd {
  startedAt: number
  /** Undefined where it gave way because the budget was used up. */
  syncedAt: number | undefined
  next: number
  lane: 0 | 1
}

export interface Simulation {
  start: number
  end: number
  /** Syncs that run at once, of all workers; no connector gets more than half. */
  places: number
  /** Between a request and its answer. */
  latency: number
  /** No worker runs in between. */
  down?: { from: number; to: number }
  asks: { at: number; sources: SimulatedSource[] }[]
  onSync(claim: SimulatedClaim, startedAt: number, endedAt: number): void
  sampleEvery: number
  onSample(now: number): void
}

type Event =
  | { kind: 'tick' }
  | { kind: 'sample' }
  | { kind: 'ask'; sources: SimulatedSource[] }
  | { kind: 'request' | 'answer'; run: Run }

interface Run {
  claim: SimulatedClaim
  startedAt: number
  left: number
  /** Since when its present request waits. */
  since: number
}

/**
 * What workers do, from event to event: they look for due sources every second and whenever one is done, claim as
 * many as places and budgets allow, ask, wait for slots, and put the source off by the real nextSync.
 */
export async function simulate(
  sources: SimulatedSource[],
  store: Store,
  { start, end, places, latency, down, asks, onSync, sampleEvery, onSample }: Simulation,
): Promise<void> {
  const events = createHeap<Event>()
  const ticks = new Set<number>()
  const connectors = [...new Set(sources.map(({ connector }) => connector))]
  const running = new Map(connectors.map(({ id }) => [id, 0]))
  let runs = 0
  let turn = 0
  let now = start

  const tickAt = (at: number) => {
    const tick = Math.ceil(Math.max(at, now) / second) * second
    if (ticks.has(tick)) return
    ticks.add(tick)
    events.put(tick, { kind: 'tick' })
  }
  for (const { next } of sources) if (next < end) tickAt(next)
  for (const { at, sources } of asks) events.put(at, { kind: 'ask', sources })
  for (let at = start + sampleEvery; at <= end; at += sampleEvery) events.put(at, { kind: 'sample' })

  async function claimDue(): Promise<void> {
    const room = places - runs
    if (room <= 0) return
    if (down && now >= down.from && now < down.to) return tickAt(down.to)
    const slots = await store.free(connectors, now)
    const starts = turn++ % connectors.length
    const wanted = [...connectors.slice(starts), ...connectors.slice(0, starts)].flatMap(({ id }) => {
      const { free, freeAt } = slots.get(id)!
      if (free <= 0 && freeAt !== undefined) tickAt(freeAt)
      const most = Math.min(places / 2 - running.get(id)!, room, free)
      return most > 0 ? [{ connector: id, most }] : []
    })
    if (wanted.length === 0) return
    for (const claim of await store.claim(wanted, room, now)) {
      runs++
      running.set(claim.source.connector.id, running.get(claim.source.connector.id)! + 1)
      events.put(now, {
        kind: 'request',
        run: { claim, startedAt: now, left: claim.source.requests, since: now },
      })
    }
  }

  async function finish({ claim, startedAt }: Run, retryAt: number | undefined): Promise<void> {
    const { source } = claim
    const next =
      retryAt ??
      nextSync(
        {
          sourceId: source.id,
          schedule: source.connector.schedule,
          timeZone: source.timeZone,
          lastSeenAt: new Date(now - source.away),
        },
        new Date(now),
      ).getTime()
    const isDone = retryAt === undefined
    const lane = isDone || claim.lane === 1 ? 1 : 0
    await store.finish(claim, { startedAt, syncedAt: isDone ? startedAt : undefined, next, lane }, now)
    if (isDone) onSync(claim, startedAt, now)
    if (next < end) tickAt(next)
    runs--
    running.set(source.connector.id, running.get(source.connector.id)! - 1)
    await claimDue()
  }

  async function request(run: Run): Promise<void> {
    const retryAt = await store.take(run.claim, now)
    if (retryAt === undefined) {
      events.put(now + latency, { kind: 'answer', run })
      return
    }
    const isFirst = run.left === run.claim.source.requests
    if (retryAt - run.since > (isFirst ? longestFirstWait : longestWait)) return finish(run, retryAt)
    events.put(now + Math.min(longestSleep, Math.max(1, retryAt - now)), { kind: 'request', run })
  }

  for (let event = events.take(); event && event.key <= end; event = events.take()) {
    now = event.key
    const happened = event.value
    if (happened.kind === 'tick') {
      ticks.delete(now)
      await claimDue()
    } else if (happened.kind === 'sample') {
      onSample(now)
    } else if (happened.kind === 'ask') {
      await store.ask(happened.sources, now)
      tickAt(now)
    } else if (happened.kind === 'request') {
      await request(happened.run)
    } else {
      const { run } = happened
      await store.settle(run.claim, now)
      run.left--
      run.since = now
      if (run.left > 0) await request(run)
      else await finish(run, undefined)
    }
  }
}
