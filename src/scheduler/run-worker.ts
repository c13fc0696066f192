import { Cron } from 'croner'
import type { Shutdown } from '../shutdown.ts'
import { type Abandonable, createScheduler } from './scheduler.ts'
import { createWorker, type Worker, type WorkerOptions } from './worker.ts'

/** Milliseconds that running syncs have to come to the end of their page groups when the process stops. */
const grace = 10_000

/**
 * Runs a worker until the process stops: looks for due sources once a second, and at the very moment that a budget
 * has room again. Stopping claims nothing more, lets what runs come to the end of its page group, and gives up what
 * takes longer; where it was is known, and another worker goes on from there. `ended`: it looks for nothing any more.
 */
export function startWorker(
  parts: Omit<Parameters<typeof createScheduler>[0], keyof Abandonable>,
  options: WorkerOptions,
  shutdown: Shutdown,
): Worker & { ended(): boolean } {
  const abandoning = new AbortController()
  const worker = createWorker(createScheduler({ ...parts, abandoned: abandoning.signal }), options)
  const job = new Cron('* * * * * *', { timezone: 'UTC' }, () => worker.tick())
  let ended = false
  const running = worker.run(60).finally(() => {
    ended = true
  })
  running.catch((error: unknown) => {
    parts.log.error({ err: error }, 'the worker has ended by a fault: restart the process')
  })
  shutdown.register(async () => {
    job.stop()
    const patience = setTimeout(() => abandoning.abort(), grace)
    await running
    clearTimeout(patience)
  })
  return { ...worker, ended: () => ended }
}
