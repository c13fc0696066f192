import { once } from 'node:events'
import { type ServerType, serve } from '@hono/node-server'
import { type ConnectOptions, connect } from '../db/client.ts'
import type { Database } from '../db/database.ts'
import { RefusedError } from '../errors.ts'
import { createApp } from '../http/app.ts'
import { answerMalformed } from '../http/malformed.ts'
import { startWorker } from '../scheduler/run-worker.ts'
import { startUpkeep } from '../scheduler/upkeep.ts'
import { dashboardFolder } from './dashboard-folder.ts'
import { openSync } from './open-sync.ts'
import { stopped } from './stopped.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Connections of the HTTP layer, of each kind, beside those of syncs and upkeep. */
const poolSize = 6
/** Milliseconds of a statement that reads. */
const longestRead = 10_000
/** Milliseconds in which a request has to arrive, its body included. */
const longestReceiving = 120_000

/** Milliseconds after which a request that goes on while the server stops is cut off. */
const longestDrain = 10_000

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
  const app = createApp({
    ...parts,
    ...openPools(context, db),
    dashboard,
    requestsPerMinute: config.requestsPerMinute,
    trustedProxies: config.trustedProxies,
    scheduler: () => (options.scheduler ? (worker?.ended() === false ? 'running' : 'stopped') : 'elsewhere'),
  })
  const { host, port } = config
  const server = serve({
    fetch: app.fetch,
    hostname: host,
    port,
    serverOptions: { requestTimeout: longestReceiving },
  })
  server.on('clientError', answerMalformed)
  // Begun at once, and waited for in its turn: syncs come to their ends meanwhile.
  const draining = new Promise<void>((resolve) => {
    context.signal.addEventListener('abort', () => resolve(drain(server)), { once: true })
  })
  shutdown.register(() => draining)
  await Promise.race([
    once(server, 'listening'),
    once(server, 'error').then(([error]) => Promise.reject(refused(error, host, port))),
  ])
  if (options.scheduler) {
    startUpkeep(context, db, shutdown)
    worker = startWorker(parts, { concurrency: config.workerConcurrency }, shutdown)
  }
  const address = server.address()
  const listening = typeof address === 'object' && address ? address.port : port
  context.stdout.write(
    `Tidemark listens on http://${host.includes(':') ? `[${host}]` : host}:${listening} (${db.engine})\n`,
  )
  await stopped(context.signal)
  return 0
}

/** Takes no more connections, and lets those that are there come to the end of their requests. */
function drain(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections()
    }, longestDrain)
    server.close(() => {
      clearTimeout(patience)
      resolve()
    })
  })
}

/**
 * Those who look up callers and write never wait for those who read: a long read holds a connection of its own kind,
 * and ends after some seconds.
 */
function openPools({ config, shutdown }: CommandContext, db: Database) {
  const open = (url: string, options: ConnectOptions) => {
    const sql = connect(url, { applicationName: 'tidemark-http', ...options })
    shutdown.register(() => sql.end({ timeout: 2 }))
    return sql
  }
  const reads = { max: poolSize, statementTimeout: longestRead }
  return {
    db: { ...db, sql: open(db.url, { max: poolSize }) },
    reads: open(db.url, reads),
    replica:
      config.databaseReadUrl === undefined
        ? undefined
        : open(config.databaseReadUrl, { ...reads, connectTimeout: 2 }),
  }
}

function refused(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES' && error.code !== 'EADDRNOTAVAIL') return error
  return new RefusedError(
    `cannot listen on ${host}:${port} (${error.code}): set PORT or HOST to what is free`,
    { cause: error },
  )
}
