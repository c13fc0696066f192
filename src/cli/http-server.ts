import { once } from 'node:events'
import { type ServerType, serve } from '@hono/node-server'
import { type ConnectOptions, connect } from '../db/client.ts'
import { RefusedError } from '../errors.ts'
import { createApp } from '../http/app.ts'
import { answerMalformed } from '../http/malformed.ts'
import type { HttpParts } from '../http/parts.ts'
import { attachStore, openStore } from './open-archive.ts'
import { stopped } from './stopped.ts'
import type { CommandContext } from './terminal.ts'

/** Connections of the HTTP layer, of each kind, beside those of syncs and upkeep. */
const poolSize = 6
/** Milliseconds of a statement that reads. */
const longestRead = 10_000
/**
 * Milliseconds that a read of a replica waits for a lock. Those there are of what it replays, such as a chunk's that was
 * dropped, which may wait for other reads in its turn; the primary answers meanwhile.
 */
const longestLockOnReplica = 250
/** Milliseconds in which a request has to arrive, its body included. */
const longestReceiving = 120_000
/** Milliseconds after which a request that goes on while the server stops is cut off. */
const longestDrain = 10_000

/** What the application has of the command that serves it; the rest is the configuration's. */
export type ServedParts = Omit<
  HttpParts,
  'reads' | 'replica' | 'archive' | 'requestsPerMinute' | 'trustedProxies'
>

/**
 * Serves the application over HTTP until the process stops, then answers what was asked. Resolves, once it listens, with
 * its address, without a slash at its end. Throws a RefusedError where it cannot listen there.
 */
export async function startHttpServer(
  context: CommandContext,
  parts: ServedParts,
  { host, port }: { host: string; port: number },
): Promise<string> {
  const { config, shutdown, signal } = context
  const app = createApp({
    ...parts,
    ...openPools(context, parts),
    requestsPerMinute: config.requestsPerMinute,
    trustedProxies: config.trustedProxies,
  })
  const server = serve({
    fetch: app.fetch,
    hostname: host,
    port,
    serverOptions: { requestTimeout: longestReceiving },
  })
  server.on('clientError', answerMalformed)
  // Begun at once, and waited for in its turn: syncs come to their ends meanwhile.
  const draining = stopped(signal).then(() => drain(server))
  shutdown.register(() => draining)
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw refused(error, host, port)
  })
  const address = server.address()
  const listening = typeof address === 'object' && address ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${listening}`
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
function openPools(context: CommandContext, { db }: Pick<ServedParts, 'db'>) {
  const { config, shutdown } = context
  const open = (url: string, options: ConnectOptions) => {
    const sql = connect(url, { applicationName: 'tidemark-http', ...options })
    shutdown.register(() => sql.end({ timeout: 2 }))
    return sql
  }
  const reads = { max: poolSize, statementTimeout: longestRead }
  const sql = open(db.url, { max: poolSize })
  const store = openStore(context)
  attachStore({ store, signal: context.signal }, db, sql)
  return {
    db: { ...db, sql },
    archive: store,
    reads: open(db.url, reads),
    replica:
      config.databaseReadUrl === undefined
        ? undefined
        : open(config.databaseReadUrl, {
            ...reads,
            lockTimeout: longestLockOnReplica,
            connectTimeout: 2,
          }),
  }
}

function refused(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES' && error.code !== 'EADDRNOTAVAIL') return error
  return new RefusedError(
    `cannot listen on ${host}:${port} (${error.code}): set PORT or HOST to what is free`,
    { cause: error },
  )
}
