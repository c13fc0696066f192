import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import type { WorkerOptions, WorkerReport } from './scheduler-processes.ts'

/** A worker in a process of its own, put together as a command does it. It reports when it is asked. */
const options = JSON.parse(process.argv[2]!) as WorkerOptions
const residentAtStart = resident()
const { createTransport } = await import('../src/connectors/transport.ts')
const { providers } = await import('../src/connectors/registry.ts')
const { connect } = await import('../src/db/client.ts')
const { prepareDatabase } = await import('../src/db/database.ts')
const { createScheduler } = await import('../src/scheduler/scheduler.ts')
const { createWorker } = await import('../src/scheduler/worker.ts')
const { benchConnector } = await import('./scheduler-provider.ts')
const { benchKeyring } = await import('./scheduler-sources.ts')

const stopping = new AbortController()
const sql = connect(options.databaseUrl, { max: options.connections })
const db = await prepareDatabase(sql, {
  url: options.databaseUrl,
  rawRetentionDays: undefined,
  now: new Date(),
})
const own = options.bench.map(({ id, limits, everyMinutes }) => benchConnector(id, limits, everyMinutes))
const registry = options.registry.length > 0 ? Object.values(providers) : []
const connectors = [...own, ...(await Promise.all(registry.map((provider) => provider.connector())))]
const byId = new Map(connectors.map((connector) => [connector.id, connector]))
const settings = new Map(options.registry.map(({ connector, settings }) => [connector, settings]))
const syncs = { done: 0, failed: 0, message: '' }

const worker = createWorker(
  createScheduler({
    db,
    connectors: {
      ids: () => [...byId.keys()],
      get: async (id) => byId.get(id)!,
      settings: async (id) => settings.get(id),
    },
    log: pino({ level: 'error' }, pino.destination(2)),
    clock: () => new Date(),
    sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
    signal: stopping.signal,
    abandoned: new AbortController().signal,
    keyring: benchKeyring(),
    fetch: createTransport({ allowedHosts: options.hosts }).fetch,
    random: Math.random,
  }),
  {
    concurrency: options.concurrency,
    onReport(_, { outcome, message }) {
      if (outcome === 'done') syncs.done++
      else if (outcome !== 'yielded') {
        syncs.failed++
        syncs.message = message ?? outcome
      }
    },
  },
)
const residentAtRest = resident()

process.send!('ready')
process.on('message', async (message) => {
  if (message === 'run') void worker.run(5)
  else if (message === 'report') process.send!(report())
  else {
    stopping.abort()
    await worker.idle()
    process.disconnect()
    await sql.end({ timeout: 1 })
    process.exit()
  }
})

function report(): WorkerReport {
  return { ...syncs, residentAtStart, residentAtRest, resident: resident(), peak: memory('VmHWM') }
}

function resident(): number {
  return memory('VmRSS')
}

/** Bytes, as the kernel counts them; 0 where /proc does not tell. */
function memory(name: 'VmRSS' | 'VmHWM'): number {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
    return Number(found?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
