import { createClockGuard } from '../scheduler/clock-guard.ts'
import { startWorker } from '../scheduler/run-worker.ts'
import { startUpkeep } from '../scheduler/upkeep.ts'
import { runnersOf } from './open-archive.ts'
import { openSync } from './open-sync.ts'
import { stopped } from './stopped.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Runs syncs and the upkeep of the database until a signal. Any number of workers share one database. */
export async function workerCommand(context: CommandContext): Promise<ExitCode> {
  const db = await context.openDatabase()
  const parts = await openSync(context, db)
  const working = { ...parts, clockAgrees: createClockGuard(parts) }
  startUpkeep(context, db, context.shutdown, { ...working, ...runnersOf(context) })
  startWorker(working, { concurrency: context.config.workerConcurrency }, context.shutdown)
  context.stdout.write(
    `Tidemark works (${db.engine}, ${context.config.workerConcurrency} syncs at once, connectors ${parts.connectors.ids().join(', ')})\n`,
  )
  await stopped(context.signal)
  return 0
}
