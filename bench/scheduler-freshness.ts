import { createHistogram, type Histogram } from './histogram.ts'
import { type AreaReport, count } from './report.ts'
import { makeBenchSources } from './scheduler-sources.ts'
import type { BenchDatabase } from './server.ts'
import { type SimulatedSource, simulate } from './simulation.ts'
import { createDatabaseStore } from './simulation-database.ts'
import { createMemoryStore } from './simulation-memory.ts'
import { asksOf, makeSources, rhythms, settle } from './simulation-sources.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** A Wednesday in winter; measured is the second day. */
const start = Date.parse('2025-01-15T00:00:00Z')

const many = 100_000
const places = 32
const latency = 400
/** Of the run that is made through the database as well. */
const few = { sources: 2_000, hours: 12, clientMax: 3 }

/** How old what is known of a source is, over a simulated day. */
export async function benchFreshness(db: BenchDatabase): Promise<AreaReport[]> {
  const scenarios = [
    { name: '2,500 a minute', clientMax: 2_500 },
    { name: '100 a minute', clientMax: 100 },
    { name: '2,500 a minute, no worker from 4 to 10', clientMax: 2_500, down: { from: 4, to: 10 } },
  ]
  const rows: string[][] = []
  for (const { name, clientMax, down } of scenarios) {
    const result = await run({
      sources: makeSources(many, clientMax, start),
      hours: 48,
      measuredFrom: 24,
      down,
    })
    for (const [index, group] of ['all', ...rhythms.map(({ rhythm }) => rhythm), 'asked for'].entries()) {
      const ages = result.ages.get(group)
      const delays = result.delays.get(group)!
      rows.push([
        index === 0 ? name : '',
        group,
        count(delays.total),
        ages ? hours(ages.quantile(0.5)) : '',
        ages ? hours(ages.quantile(0.99)) : '',
        seconds(delays.quantile(0.5)),
        seconds(delays.quantile(0.99)),
      ])
    }
  }
  return [
    {
      title: 'Freshness of 100,000 sources, simulated',
      about: [
        `data      ${count(many)} sources: 60% bank feeds (2 requests a sync, 50 a minute a connection and the limit named), 25% bridges`,
        '          (1 request, 24 a day a connection), 15% exchanges (5 requests, 7 in 45 s a connection); 10% of owners',
        '          active, 60% regular, 30% dormant; five time zones; every second active owner asks once a day',
        `measured  the second of two simulated days, ${places} syncs at once, ${latency} ms an answer: the real nextSync and scopes, claims and`,
        '          sliding windows in memory by the rules of the database’s functions (see below). Age: now - last sync,',
        '          of all sources every half an hour; late: from when a sync was due until its rows were there',
      ],
      head: ['limit of the bank feeds', 'sources', 'syncs', 'age, median', 'p99', 'late, median', 'p99'],
      rows,
    },
    await compareStores(db),
  ]
}

/** The same simulation of fewer sources, once in memory and once through the functions of the database. */
async function compareStores(db: BenchDatabase): Promise<AreaReport> {
  const { sql } = db
  const inMemory = makeSources(few.sources, few.clientMax, start)
  const connectors = [...new Set(inMemory.map(({ connector }) => connector.id))]
  await makeBenchSources(sql, { sources: few.sources, users: 1_000, connectors, baseUrl: 'http://none' })
  const made = await sql<{ id: string }[]>`
    SELECT id FROM user_source WHERE source_type_id = ANY (${connectors}) ORDER BY id`
  // The place of a source in its interval is made of its id.
  for (const [index, source] of inMemory.entries()) source.id = made[index]!.id
  settle(inMemory, start)
  const stored = inMemory.map((source) => ({ ...source }))
  await sql`
    UPDATE user_source s SET source_type_id = t.connector, next_sync_at = t.next::timestamptz
    FROM unnest(${stored.map(({ id }) => id)}::bigint[], ${stored.map(({ connector }) => connector.id)}::text[],
      ${stored.map(({ next }) => new Date(next).toISOString())}::text[]) AS t (id, connector, next)
    WHERE s.id = t.id`
  const memory = await run({ sources: inMemory, hours: few.hours, measuredFrom: 0 })
  const begin = performance.now()
  const database = await run({ sources: stored, hours: few.hours, measuredFrom: 0, sql })
  const taken = performance.now() - begin
  const equal = [...memory.syncs].filter(([sync, at]) => database.syncs.get(sync) === at).length
  const line = (name: string, { delays, syncs }: Result, same: string) => [
    name,
    count(syncs.size),
    seconds(delays.get('all')!.quantile(0.5)),
    seconds(delays.get('all')!.quantile(0.99)),
    same,
  ]
  return {
    title: 'The simulation in memory against the database',
    about: [
      `data      ${count(few.sources)} sources as above, the bank feeds at ${few.clientMax} a minute; ${few.hours} hours from midnight UTC`,
      'measured  the same events through claim_sources, take_slots, settle_slots, free_slots and finish_sync on the',
      `          simulation’s clock (${(taken / 1000).toFixed(0)} s); equal: syncs of one source that end at the same millisecond in both`,
    ],
    head: ['', 'syncs', 'late, median', 'p99', 'equal'],
    rows: [
      line('in memory', memory, ''),
      line('database', database, `${((equal / memory.syncs.size) * 100).toFixed(1)}%`),
    ],
  }
}

interface Result {
  ages: Map<string, Histogram>
  delays: Map<string, Histogram>
  /** When each ended, by source and start of its count. */
  syncs: Map<string, number>
}

async function run({
  sources,
  hours,
  measuredFrom,
  down,
  sql,
}: {
  sources: SimulatedSource[]
  hours: number
  measuredFrom: number
  down?: { from: number; to: number } | undefined
  sql?: BenchDatabase['sql']
}): Promise<Result> {
  const from = start + measuredFrom * hour
  const ages = new Map<string, Histogram>()
  const delays = new Map<string, Histogram>()
  const syncs = new Map<string, number>()
  const counts = new Map<string, number>()
  const asks = asksOf(sources, start, hours)
  const askedAt = new Map(
    asks.flatMap(({ at, sources }) => sources.map(({ id }) => [`${id} ${dayOf(at)}`, at])),
  )
  const histogram = (all: Map<string, Histogram>, group: string, step: number) => {
    const known = all.get(group) ?? createHistogram(step)
    all.set(group, known)
    return known
  }
  for (const group of ['all', 'active', 'regular', 'dormant', 'asked for']) histogram(delays, group, 100)
  await simulate(sources, sql ? createDatabaseStore(sql, sources) : createMemoryStore(sources), {
    start,
    end: start + hours * hour,
    places,
    latency,
    ...(down && { down: { from: from + down.from * hour, to: from + down.to * hour } }),
    asks,
    onSync({ source, lane, dueAt }, _startedAt, endedAt) {
      const nth = (counts.get(source.id) ?? 0) + 1
      counts.set(source.id, nth)
      syncs.set(`${source.id} ${nth}`, endedAt)
      if (endedAt < from) return
      if (lane === 1) {
        for (const group of ['all', source.rhythm]) histogram(delays, group, 100).add(endedAt - dueAt)
        return
      }
      const since = askedAt.get(`${source.id} ${dayOf(endedAt)}`)
      if (since !== undefined) histogram(delays, 'asked for', 100).add(endedAt - since)
    },
    sampleEvery: hour / 2,
    onSample(now) {
      if (now < from) return
      for (const { rhythm, lastSync } of sources)
        for (const group of ['all', rhythm]) histogram(ages, group, minute).add(now - lastSync)
    },
  })
  return { ages, delays, syncs }
}

function hours(milliseconds: number): string {
  return `${(milliseconds / hour).toFixed(1)} h`
}

function seconds(milliseconds: number): string {
  return milliseconds < 100_000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${(milliseconds / minute).toFixed(0)} min`
}

function dayOf(at: number): number {
  return Math.floor(at / day)
}
