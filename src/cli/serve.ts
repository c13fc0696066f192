import { usualPort } from '../config.ts'
import { createClockGuard } from '../scheduler/clock-guard.ts'
import { startWorker } from '../scheduler/run-worker.ts'
import { startUpkeep } from '../scheduler/upkeep.ts'
import { dashboardFolder } from './dashboard-folder.ts'
import { startHttpServer } from './http-server.ts'
import { runnersOf } from './open-archive.ts'
import { openSync } from './open-sync.ts'
import { stopped } from './stopped.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Runs until a signal; then answers what was asked, and stops. */
export async function serveCommand(
  context: CommandContext,
  options: { scheduler: boolean },
): Promise<ExitCode> {
  const { config, shutdown } = context
  const [db, dashboard] = await Promise.all([context.openDatabase(), dashboardFolder(context)])
  const parts = await openSync(context, db)
  // What is signed and sealed needs a key: better to say so now than to the first who logs in.
  parts.keyring.currentKeyId()
  let worker: { ended(): boolean } | undefined
  const scheduler = () =>
    options.scheduler ? (worker?.ended() === false ? 'running' : 'stopped') : 'elsewhere'
  const url = await startHttpServer(
    context,
    { ...parts, dashboard, scheduler },
    { host: config.host, port: config.port ?? usualPort },
  )
  if (options.scheduler) {
    const working = { ...parts, clockAgrees: createClockGuard(parts) }
    startUpkeep(context, db, shutdown, { ...working, ...runnersOf(context) })
    worker = startWorker(working, { concurrency: config.workerConcurrency }, shutdown)
  }
  context.stdout.write(`Tidemark listens on ${url} (${db.engine})\n`)
  await stopped(context.signal)
  return 0
}
