import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { dayInZone, daysBetween } from '../calendar.ts'
import { readMeasures } from '../db/measures.ts'
import { keep } from './kept.ts'
import type { HttpParts } from './parts.ts'
import { readProviders } from './providers.ts'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export interface Metrics {
  /** Counts a request that was answered. `route` is its template, never its path. */
  observe(method: string, route: string, status: number, seconds: number): void
  /** Counts a read of an installation with a replica, by what answered it. */
  countRead(from: 'primary' | 'replica'): void
  /** In the text format of Prometheus. */
  text(): Promise<string>
  contentType: string
}

/**
 * What is measured: requests, the process, and what the database tells of syncs, budgets, dead letters, aggregates and
 * chunks. https://prometheus.io/docs/practices/naming/
 */
export function createMetrics(parts: Pick<HttpParts, 'db' | 'connectors' | 'clock' | 'log'>): Metrics {
  const registry = new Registry()
  const requests = new Histogram({
    name: 'tidemark_http_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  const reads = new Counter({
    name: 'tidemark_reads_total',
    help: 'Reads that were made, of which no answer was kept, by the server that gave them. Only with a replica.',
    labelNames: ['from'],
    registers: [registry],
  })
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `tidemark_${name}`, help, labelNames, registers: [registry] })
  const gauges = {
    up: gauge('database_up', '1 where the database told the values below, 0 where it could not be asked.'),
    sources: gauge('sources', 'Sources by how they stand.', ['connector', 'state']),
    syncLag: gauge(
      'sync_lag_seconds',
      'Age of the last complete sync of the source that was synced the longest ago.',
      ['connector'],
    ),
    neverSynced: gauge('sources_never_synced', 'Sources without any complete sync yet.', ['connector']),
    budget: gauge('provider_requests', 'Requests of the current window of a budget.', [
      'connector',
      'scope',
      'state',
    ]),
    usedUp: gauge('provider_connections_used_up', 'Connections that have used up a budget of their own.', [
      'connector',
    ]),
    paused: gauge('provider_paused', '1 while the provider has told to wait.', ['connector']),
    letters: gauge('dead_letters', 'Failed fetches that are open or queued.', ['connector']),
    dirtyUsers: gauge('rollup_dirty_users', 'Users whose newest writes the aggregates do not hold yet.'),
    dirtyDays: gauge(
      'rollup_dirty_days',
      'Days back to the earliest day that the aggregates do not hold yet.',
    ),
    partitions: gauge('transaction_partitions', 'Chunks or partitions of transactions.', ['state']),
  }

  async function collect(): Promise<void> {
    const now = parts.clock()
    const measures = await readMeasures(parts.db)
    const providers = await readProviders(parts.db.sql, parts.connectors, now)
    for (const each of Object.values(gauges)) each.reset()
    gauges.up.set(1)
    for (const { connector, ...provider } of providers) {
      const { sources, due, running, backfilling, waiting, failing } = provider
      for (const [state, value] of Object.entries({
        all: sources,
        due,
        running,
        backfilling,
        waiting,
        failing,
      }))
        gauges.sources.set({ connector, state }, value)
      gauges.neverSynced.set({ connector }, provider.neverSynced)
      if (provider.oldestSync)
        gauges.syncLag.set({ connector }, (now.getTime() - provider.oldestSync.getTime()) / 1000)
      for (const { scope, used, left } of provider.budgets) {
        gauges.budget.set({ connector, scope, state: 'used' }, used)
        gauges.budget.set({ connector, scope, state: 'left' }, left)
      }
      if (provider.connectionsUsedUp !== null) gauges.usedUp.set({ connector }, provider.connectionsUsedUp)
      gauges.paused.set({ connector }, provider.pausedUntil ? 1 : 0)
      gauges.letters.set({ connector }, provider.deadLetters)
    }
    const { dirtyUsers, dirtyFrom, partitions } = measures
    gauges.dirtyUsers.set(dirtyUsers)
    gauges.dirtyDays.set(
      dirtyFrom === null ? 0 : Math.max(0, daysBetween(dirtyFrom, dayInZone(now, 'UTC')) + 1),
    )
    gauges.partitions.set({ state: 'columnstore' }, partitions.columnstore)
    gauges.partitions.set({ state: 'rows' }, partitions.total - partitions.columnstore)
  }

  const collected = keep(parts.clock, collect)
  let process = false
  return {
    observe(method, route, status, seconds) {
      // A stranger may invent methods without end.
      requests.observe({ method: methods.has(method) ? method : 'other', route, status }, seconds)
    },
    countRead: (from) => reads.inc({ from }),
    async text() {
      // Begun with the first scrape: it watches the garbage collector from then on.
      if (!process) collectDefaultMetrics({ register: registry })
      process = true
      // Metrics of the process are to be had also while the database is not.
      await collected().catch((error: unknown) => {
        gauges.up.set(0)
        parts.log.warn({ err: error }, 'the database could not be measured')
      })
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}
