import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Sql } from '../src/db/client.ts'
import { type Database, prepareDatabase } from '../src/db/database.ts'
import { openEmbeddedServer } from '../src/db/embedded-server.ts'
import type { Engine } from '../src/db/engine.ts'
import { findServerBinaries } from '../src/db/server-binaries.ts'
import type { Shutdown } from '../src/shutdown.ts'

export interface BenchDatabase extends Database {
  url: string
  /** A further connection of its own, for work beside the pool's; closed with the server. */
  connection(): Sql
}

export interface BenchServer {
  engine: Engine
  postgres: string
  timescaledb: string | undefined
  /** A new migrated database. */
  create(name: string): Promise<BenchDatabase>
  /** Frees the space of a database that is not needed any more. */
  drop(name: string): Promise<void>
  close(): Promise<void>
}

/** TIDEMARK_PG_BIN of every engine that this machine offers. */
export async function findEngines(): Promise<Map<Engine, string>> {
  const engines = new Map<Engine, string>([['plain', 'npm']])
  const found = await findServerBinaries({ path: process.env.PATH ?? '' })
  if (found.timescale !== undefined) engines.set('timescale', found.bin)
  return engines
}

/**
 * A server in a temporary folder, with the settings that Tidemark's own server always has, durability included.
 * No background workers of TimescaleDB: a policy that ran meanwhile would be measured with the rest.
 */
export async function startServer(engine: Engine, pgBin: string, shutdown: Shutdown): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(tmpdir(), `tidemark-bench-${engine}-`))
  const server = await openEmbeddedServer({
    dataDir,
    pgBin,
    path: process.env.PATH ?? '',
    log: { info() {}, warn() {}, debug() {} },
    settings: engine === 'timescale' ? { 'timescaledb.max_background_workers': '0' } : {},
  })
  const clients: Sql[] = []
  let closing: Promise<void> | undefined
  const close = async () => {
    await Promise.all(clients.map((client) => client.end({ timeout: 0 })))
    await server.close()
    for (const folder of [server.folder, dataDir]) await rm(folder, { recursive: true, force: true })
  }
  const closeOnce = () => {
    closing ??= close()
    return closing
  }
  shutdown.register(closeOnce)

  const open = (database: string, max: number) => {
    const url = new URL(server.url)
    url.pathname = `/${database}`
    const client = connect(url.href, { max, applicationName: 'tidemark-bench' })
    clients.push(client)
    return { url: url.href, client }
  }
  const administration = open(new URL(server.url).pathname.slice(1), 1).client

  return {
    engine,
    postgres: server.binaries.version,
    timescaledb: server.binaries.timescale,
    async create(name) {
      await administration.unsafe(`CREATE DATABASE ${name}`)
      const { url, client } = open(name, 1)
      const db = await prepareDatabase(client, {
        url,
        rawRetentionDays: undefined,
        now: new Date('2025-12-17T12:00:00Z'),
      })
      if (db.engine !== engine) throw new Error(`the server is ${db.engine}, not ${engine}`)
      return { ...db, connection: () => open(name, 1).client }
    },
    async drop(name) {
      await administration.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
    },
    close: closeOnce,
  }
}
