import type { Connector } from '../src/connectors/connector.ts'
import { scopesOf } from '../src/connectors/scopes.ts'
import { createHeap, type Heap } from './heap.ts'
import type { SimulatedClaim, SimulatedSource, Store } from './simulation.ts'

/** Answers that count in a window, oldest first, and requests without one yet. */
interface Window {
  max: number
  per: number
  answered: number[]
  /** Of `answered`, those before it have left the window. */
  first: number
  underWay: number
}

interface Entry {
  source: SimulatedSource
  lane: 0 | 1
}

/** The order of claim_sources and the sliding window of take_slots, without a database. */
export function createMemoryStore(sources: SimulatedSource[]): Store {
  const windows = new Map<string, Window>()
  const running = new Set<SimulatedSource>()
  /** Of each connector the lanes 0 and 1, by due time. An entry that is not its source's last one is void. */
  const queues = new Map<string, [Heap<Entry>, Heap<Entry>]>()
  const lastEntry = new Map<SimulatedSource, Entry>()

  const queuesOf = (connector: Connector) => {
    const known = queues.get(connector.id)
    if (known) return known
    const made: [Heap<Entry>, Heap<Entry>] = [createHeap(), createHeap()]
    queues.set(connector.id, made)
    return made
  }
  const enqueue = (source: SimulatedSource, lane: 0 | 1) => {
    const entry = { source, lane }
    lastEntry.set(source, entry)
    queuesOf(source.connector)[lane].put(source.next, entry)
  }
  for (const source of sources) enqueue(source, 1)

  const windowsOf = (connector: Connector, source?: SimulatedSource): Window[] =>
    scopesOf(connector, source?.id).flatMap(({ scope, max, per }) => {
      if (max === undefined || per === undefined) return []
      const known = windows.get(scope)
      if (known) return [known]
      const made = { max, per, answered: [], first: 0, underWay: 0 }
      windows.set(scope, made)
      return [made]
    })
  const freeOf = (window: Window, now: number) => {
    while (window.first < window.answered.length && window.answered[window.first]! <= now - window.per)
      window.first++
    if (window.first > 10_000) {
      window.answered.splice(0, window.first)
      window.first = 0
    }
    return window.max - window.underWay - (window.answered.length - window.first)
  }
  const freeAt = (window: Window, now: number) => {
    const oldest = window.answered[window.first]
    return oldest === undefined ? now + 10 : Math.max(now + 10, oldest + window.per)
  }

  /** The first of a lane that are due and nobody has, taken out of it. */
  const takeDue = (queue: Heap<Entry>, most: number, now: number): SimulatedClaim[] => {
    const taken: SimulatedClaim[] = []
    for (let first = queue.first(); first && first.key <= now && taken.length < most; first = queue.first()) {
      queue.take()
      const { value: entry, key } = first
      if (lastEntry.get(entry.source) !== entry || running.has(entry.source)) continue
      taken.push({ ...entry, dueAt: key })
    }
    return taken
  }

  return {
    async free(connectors, now) {
      return new Map(
        connectors.map((connector) => {
          const all = windowsOf(connector)
          const free = Math.min(Number.POSITIVE_INFINITY, ...all.map((window) => freeOf(window, now)))
          return [
            connector.id,
            { free, freeAt: free > 0 ? undefined : Math.max(...all.map((window) => freeAt(window, now))) },
          ]
        }),
      )
    },
    async claim(wanted, total, now) {
      const ranked = wanted.flatMap(({ connector, most }) => {
        const [urgent, usual] = queues.get(connector) ?? []
        if (!urgent || !usual) return []
        const first = takeDue(urgent, most, now)
        const claims = [...first, ...takeDue(usual, most - first.length, now)]
        return claims.map((claim, rank) => ({ claim, rank }))
      })
      ranked.sort((a, b) => a.rank - b.rank || a.claim.lane - b.claim.lane || a.claim.dueAt - b.claim.dueAt)
      for (const { claim } of ranked.slice(total)) enqueue(claim.source, claim.lane as 0 | 1)
      const claims = ranked.slice(0, total).map(({ claim }) => claim)
      for (const { source } of claims) running.add(source)
      return claims.toSorted((a, b) => a.lane - b.lane || a.dueAt - b.dueAt)
    },
    async take({ source }, now) {
      const all = windowsOf(source.connector, source)
      const full = all.filter((window) => freeOf(window, now) <= 0)
      if (full.length > 0) return Math.max(...full.map((window) => freeAt(window, now)))
      for (const window of all) window.underWay++
      return undefined
    },
    async settle({ source }, now) {
      for (const window of windowsOf(source.connector, source)) {
        window.underWay--
        window.answered.push(now)
      }
    },
    async finish({ source }, { startedAt, syncedAt, next, lane }) {
      running.delete(source)
      if (syncedAt !== undefined) source.lastSync = syncedAt
      // What was asked for while it ran is another sync.
      if (lastEntry.get(source)!.lane === 0 && source.next > startedAt) return enqueue(source, 0)
      source.next = next
      enqueue(source, lane)
    },
    async ask(asked, now) {
      for (const source of asked) {
        source.next = running.has(source) ? now : Math.min(source.next, now)
        enqueue(source, 0)
      }
    },
  }
}
