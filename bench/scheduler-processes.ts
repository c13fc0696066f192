import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Limit } from '../src/connectors/connector.ts'
import type { Shutdown } from '../src/shutdown.ts'

export interface EmulatorOptions {
  /** Of an answer, and how many of them were in the one before. */
  rows: number
  known: number
  /** Milliseconds of the stretch in which requests are counted. */
  window: number
  /** Also serves the emulator of every connector of the registry. */
  registry: boolean
}

export interface RegistryConnection {
  connector: string
  scope: 'user' | 'platform'
  host: string
  credentials: unknown
  config: unknown
  settings?: unknown
}

export interface EmulatorReport {
  requests: number
  mostInWindow: number
}

export interface WorkerOptions {
  databaseUrl: string
  /** Of its pool. */
  connections: number
  concurrency: number
  hosts: string[]
  bench: { id: string; limits: Limit[]; everyMinutes?: number }[]
  /** Where not empty, all connectors of the registry are loaded. */
  registry: RegistryConnection[]
}

/** Bytes, and syncs since the start. */
export interface WorkerReport {
  done: number
  failed: number
  /** Of the last failure. */
  message: string
  residentAtStart: number
  residentAtRest: number
  resident: number
  peak: number
}

export interface Child<Report> {
  pid: number
  report(): Promise<Report>
  stop(): Promise<void>
}

export interface Emulator extends Child<EmulatorReport> {
  url: string
  host: string
  connections: RegistryConnection[]
}

export async function startEmulator(
  options: Partial<EmulatorOptions>,
  shutdown: Shutdown,
): Promise<Emulator> {
  const whole = { rows: 10, known: 0, window: 1000, registry: false, ...options }
  const { child, first, ...rest } = await start<EmulatorReport>('scheduler-emulator.ts', whole, shutdown)
  const { url, connections } = first as { url: string; connections: RegistryConnection[] }
  return { ...rest, url, host: new URL(url).host, connections, stop: async () => void child.kill() }
}

/** It syncs from `run` on. */
export async function startWorker(
  options: WorkerOptions,
  shutdown: Shutdown,
): Promise<Child<WorkerReport> & { run(): void }> {
  const { child, first: _, ...rest } = await start<WorkerReport>('scheduler-worker.ts', options, shutdown)
  return {
    ...rest,
    run: () => void child.send('run'),
    async stop() {
      if (child.exitCode !== null) return
      child.send('stop')
      await once(child, 'exit')
    },
  }
}

/** With the options of bin/tidemark. The first message says that it is there, later ones answer `report`. */
async function start<Report>(file: string, options: object, shutdown: Shutdown) {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(options)], {
    execArgv: [
      '--max-semi-space-size=8',
      '--heap-growing-percent=25',
      '--import',
      import.meta.resolve('tsx'),
    ],
    stdio: 'inherit',
  })
  shutdown.register(async () => void child.kill())
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with ${code}`)
  })
  died.catch(() => {})
  const [first] = await Promise.race([once(child, 'message'), died])
  return {
    child,
    first: first as unknown,
    pid: child.pid!,
    async report(): Promise<Report> {
      const answer = once(child, 'message')
      child.send('report')
      return (await Promise.race([answer, died]))[0] as Report
    },
  }
}
