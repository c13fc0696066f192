import type { Limit } from '../src/connectors/connector.ts'
import { nextSync } from '../src/scheduler/next-sync.ts'
import { benchConnector } from './scheduler-provider.ts'
import type { SimulatedSource } from './simulation.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export const rhythms = [
  { rhythm: 'active', share: 0.1, away: 6 * hour, every: 6 * hour },
  { rhythm: 'regular', share: 0.6, away: 10 * day, every: day },
  { rhythm: 'dormant', share: 0.3, away: 90 * day, every: 8 * day },
] as const
const zones: [string, number][] = [
  ['Europe/Berlin', 0.35],
  ['Europe/London', 0.15],
  ['America/New_York', 0.3],
  ['America/Los_Angeles', 0.1],
  ['Asia/Kolkata', 0.1],
]

/** As an installation has them that has run for long. Three sources of one owner follow each other. */
export function makeSources(total: number, clientMax: number, start: number): SimulatedSource[] {
  const limit = (scope: Limit['scope'], max: number, per: number): Limit => ({
    scope,
    max,
    per,
    kind: 'sliding',
  })
  const kinds = [
    {
      share: 0.6,
      requests: 2,
      connector: benchConnector('feed', [
        limit('connection', 50, minute),
        limit('client', clientMax, minute),
      ]),
    },
    { share: 0.25, requests: 1, connector: benchConnector('bridge', [limit('connection', 24, day)]) },
    { share: 0.15, requests: 5, connector: benchConnector('exchange', [limit('connection', 7, 45_000)]) },
  ]
  const sources = Array.from({ length: total }, (_, index): SimulatedSource => {
    const owner = Math.floor(index / 3)
    const { rhythm, away } = pick(rhythms, ({ share }) => share, owner)
    const { connector, requests } = pick(kinds, ({ share }) => share, index + 7_000_001)
    const [timeZone] = pick(zones, ([, share]) => share, owner + 3_000_001)
    return { id: String(index + 1), connector, requests, timeZone, away, rhythm, lastSync: 0, next: 0 }
  })
  settle(sources, start)
  return sources
}

/** The last time before the start, and the first one behind it. */
export function settle(sources: SimulatedSource[], start: number): void {
  for (const source of sources) {
    const { every } = rhythms.find(({ rhythm }) => rhythm === source.rhythm)!
    let at = start - 2 * every
    while (at <= start) {
      source.lastSync = at
      at = nextSync(
        {
          sourceId: source.id,
          schedule: undefined,
          timeZone: source.timeZone,
          lastSeenAt: new Date(at - source.away),
        },
        new Date(at),
      ).getTime()
    }
    source.next = at
  }
}

/** Every second active owner, once a day between 8 and 22 o'clock UTC, for all of their sources. */
export function asksOf(
  sources: SimulatedSource[],
  start: number,
  hours: number,
): { at: number; sources: SimulatedSource[] }[] {
  const asks: { at: number; sources: SimulatedSource[] }[] = []
  for (let first = 0; first < sources.length; first += 3) {
    const owned = sources.slice(first, first + 3)
    if (owned[0]!.rhythm !== 'active' || chance(first + 11) < 0.5) continue
    for (let nth = 0; nth < hours / 24; nth++) {
      const at = start + nth * day + Math.floor((8 + 14 * chance(first + nth + 13_000_001)) * hour)
      if (at < start + hours * hour) asks.push({ at, sources: owned })
    }
  }
  return asks
}

function pick<Choice>(
  choices: readonly Choice[],
  shareOf: (choice: Choice) => number,
  number: number,
): Choice {
  let left = chance(number)
  for (const choice of choices) {
    left -= shareOf(choice)
    if (left < 0) return choice
  }
  return choices.at(-1)!
}

/** A number in [0, 1) that depends on the given one alone (splitmix32). */
function chance(number: number): number {
  let mixed = Math.imul(number + 1, 0x9e3779b9)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}
