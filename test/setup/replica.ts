import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, inject } from 'vitest'
import { connect, type Sql } from '../../src/db/client.ts'
import { type Cluster, startCluster, stopCluster } from '../../src/db/cluster.ts'
import { type Database, prepareDatabase } from '../../src/db/database.ts'
import { openEmbeddedServer } from '../../src/db/embedded-server.ts'
import { freePort } from '../../src/db/free-port.ts'
import { run, serverUser } from '../../src/db/server-user.ts'
import { now } from './people.ts'

const path = process.env.PATH ?? ''
const quiet = { info() {}, warn() {}, debug() {} }

const closes: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closes.toReversed()) await close()
})

export interface Replicated {
  db: Database
  replica: Sql
  replicaUrl: string
  /** Resolves when the replica has replayed what the primary has written. */
  caughtUp(): Promise<void>
  /** Stops the replica; what is asked of it fails until it is started again. */
  stopReplica(): Promise<void>
  startReplica(): Promise<void>
}

/** A primary and a standby that streams from it, both of this test's own. `ofStandby`: settings beside the primary's. */
export async function startReplicated(ofStandby: Record<string, string> = {}): Promise<Replicated> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-replica-'))
  closes.push(() => rm(folder, { recursive: true, force: true }))
  const settings = {
    fsync: 'off',
    shared_buffers: '32MB',
    ...(inject('engine') === 'timescale' && { 'timescaledb.max_background_workers': '0' }),
  }
  const primary = await openEmbeddedServer({
    dataDir: join(folder, 'primary'),
    pgBin: inject('pgBin'),
    path,
    log: quiet,
    settings,
  })
  closes.push(async () => {
    await primary.close()
    await rm(primary.folder, { recursive: true, force: true })
  })
  const sql = connect(primary.url, { max: 4 })
  closes.push(() => sql.end({ timeout: 0 }))
  const db = await prepareDatabase(sql, { url: primary.url, rawRetentionDays: undefined, now })

  const port = await freePort()
  const standby = await copyAsStandby(primary, sql)
  const startReplica = () =>
    startCluster(standby, {
      port,
      settings: { ...settings, primary_conninfo: conninfo(primary.url), hot_standby: 'on', ...ofStandby },
    })
  await startReplica()
  closes.push(() => stopCluster(standby))
  const url = new URL(primary.url)
  url.port = String(port)
  const replica = connect(url.href, { max: 2 })
  closes.push(() => replica.end({ timeout: 0 }))
  return {
    db,
    replica,
    replicaUrl: url.href,
    startReplica,
    stopReplica: () => stopCluster(standby),
    async caughtUp() {
      const [{ lsn }] = (await sql`SELECT pg_current_wal_flush_lsn()::text AS lsn`) as unknown as [
        { lsn: string },
      ]
      for (;;) {
        const [row] = await replica`SELECT pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn AS reached`
        if (row!.reached) return
      }
    },
  }
}

/** https://www.postgresql.org/docs/15/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP */
async function copyAsStandby(
  primary: Awaited<ReturnType<typeof openEmbeddedServer>>,
  sql: Sql,
): Promise<Cluster> {
  const from = join(primary.folder, 'postgres')
  const user = await serverUser(from, path)
  // Beside the primary's files: its user reaches that folder.
  const parent = await mkdtemp(join(tmpdir(), 'tidemark-test-standby-'))
  closes.push(() => rm(parent, { recursive: true, force: true }))
  const data = join(parent, 'postgres')
  const session = await sql.reserve()
  await session`SELECT pg_backup_start('standby', true)`
  await cp(from, data, {
    recursive: true,
    filter: (source) => !/postmaster\.(pid|opts)$/.test(source) && !/pg_wal\/./.test(source),
  })
  const [stop] = await session`SELECT labelfile FROM pg_backup_stop(false)`
  session.release()
  await mkdir(join(data, 'pg_wal', 'archive_status'), { recursive: true })
  await writeFile(join(data, 'backup_label'), stop!.labelfile)
  await writeFile(join(data, 'standby.signal'), '')
  if (user) await run('/bin/chown', ['-R', `${user.uid}:${user.gid}`, parent], { path })
  await run('/bin/chmod', ['700', data], { path })
  return { data, binaries: primary.binaries, user, path }
}

function conninfo(url: string): string {
  const { hostname, port, username, password } = new URL(url)
  return `host=${hostname} port=${port} user=${username} password=${password}`
}
