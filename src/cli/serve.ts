import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { RefusedError } from '../errors.ts'
import { createApp } from '../http/app.ts'
import { startWorker } from '../scheduler/run-worker.ts'
import { startUpkeep } from '../scheduler/upkeep.ts'
import { openSync } from './open-sync.ts'
import { stopped } from './stopped.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Runs until a signal; then answers what was asked, and stops. */
export async function serveCommand(
  context: CommandContext,
  options: { scheduler: boolean },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const app = createApp(db)
  const { host, port } = context.config
  const server = serve({ fetch: app.fetch, hostname: host, port })
  context.shutdown.register(() => new Promise((resolve) => server.close(() => resolve())))
  await Promise.race([
    once(server, 'listening'),
    once(server, 'error').then(([error]) => Promise.reject(refused(error, host, port))),
  ])
  if (options.scheduler) {
    const parts = await openSync(context, db)
    startUpkeep(context, db, context.shutdown)
    startWorker(parts, { concurrency: context.config.workerConcurrency }, context.shutdown)
  }
  const address = server.address()
  const listening = typeof address === 'object' && address ? address.port : port
  context.stdout.write(
    `Tidemark listens on http://${host.includes(':') ? `[${host}]` : host}:${listening} (${db.engine})\n`,
  )
  await stopped(context.signal)
  return 0
}

function refused(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES' && error.code !== 'EADDRNOTAVAIL') return error
  return new RefusedError(
    `cannot listen on ${host}:${port} (${error.code}): set PORT or HOST to what is free`,
    { cause: error },
  )
}
