import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, inject } from 'vitest'
import { connect } from '../../src/db/client.ts'
import {
  type Cluster,
  initCluster,
  runningPostmaster,
  SUPERUSER,
  startCluster,
  stopCluster,
} from '../../src/db/cluster.ts'
import { prepareDatabase } from '../../src/db/database.ts'
import { freePort } from '../../src/db/free-port.ts'
import { findServerBinaries } from '../../src/db/server-binaries.ts'
import { makeOwned, reachableBinaries } from '../../src/db/server-files.ts'
import { run, serverUser } from '../../src/db/server-user.ts'

const path = process.env.PATH ?? ''
const password = 'of a server that lives for a test'

const closes: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closes.toReversed()) await close()
})

export interface OwnServer {
  cluster: Cluster
  /** `pg_ctl stop -m immediate`: as by a crash, every process of the server at once. */
  stopImmediately(): Promise<void>
  /** Resolves when it accepts connections, what was in its log replayed. */
  start(): Promise<void>
  isRunning(): Promise<boolean>
  /** A new database of that name; its address. */
  createEmpty(name: string): Promise<string>
  /** The same, migrated. */
  createDatabase(name: string): Promise<string>
}

/**
 * A server of the test's own on the engine under test, which syncs what it acknowledges: it is stopped and started
 * as the test likes. `folder`: where its files lie, which everybody may pass through.
 */
export async function startOwnServer(
  settings: Record<string, string> = {},
  folder?: string,
): Promise<OwnServer> {
  const place = folder ?? (await temporaryFolder())
  const user = await serverUser(join(place, 'postgres'), path)
  const found = await findServerBinaries({ pgBin: inject('pgBin'), path })
  const own = await temporaryFolder()
  const binaries = await reachableBinaries(found, { folder: own, user, path })
  const parent = join(place, 'server')
  await makeOwned(parent, user)
  const cluster: Cluster = { data: join(parent, 'postgres'), binaries, user, path }
  const all = {
    shared_buffers: '64MB',
    max_wal_size: '256MB',
    ...(inject('engine') === 'timescale' && { 'timescaledb.max_background_workers': '2' }),
    ...settings,
  }
  await initCluster(cluster, { password, settings: all })
  const port = await freePort()
  const start = () => startCluster(cluster, { port, settings: all })
  await start()
  closes.push(() => stopCluster(cluster))
  const urlOf = (name: string) =>
    `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`
  const administer = async (statement: string) => {
    const sql = connect(urlOf('postgres'), { max: 1 })
    await sql.unsafe(statement)
    await sql.end()
  }
  const createEmpty = async (name: string) => {
    await administer(`CREATE DATABASE ${name}`)
    return urlOf(name)
  }
  return {
    cluster,
    start,
    isRunning: async () => (await runningPostmaster(cluster.data, path)) !== undefined,
    async stopImmediately() {
      const pgCtl = join(binaries.bin, 'pg_ctl')
      const stopped = await run(pgCtl, ['stop', '-m', 'immediate', '-w', '-D', cluster.data], { user, path })
      if (!stopped.ok) throw new Error(`pg_ctl: ${stopped.output}`)
    },
    createEmpty,
    async createDatabase(name) {
      await createEmpty(name)
      const sql = connect(urlOf(name), { max: 1 })
      await prepareDatabase(sql, { url: urlOf(name), rawRetentionDays: undefined, now: new Date() })
      await sql.end()
      return urlOf(name)
    },
  }
}

/** Gone with the test file; others may pass through it, as the server's user has to. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-faults-'))
  closes.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  await chmod(folder, 0o711)
  return folder
}

/** To be run when the test file is done, before what was opened earlier is closed. */
export function atEnd(close: () => Promise<unknown>): void {
  closes.push(close)
}
