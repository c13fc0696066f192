import { randomBytes } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DatabaseUnavailableError, InstallationError, TidemarkError } from '../errors.ts'
import {
  type Cluster,
  initCluster,
  majorOf,
  removeStaleLock,
  runningPostmaster,
  START_TIMEOUT_MS,
  SUPERUSER,
  startCluster,
  stopCluster,
} from './cluster.ts'
import { freePort, isFree } from './free-port.ts'
import { DATABASE, type Keeper, keep, release } from './keeper.ts'
import { findServerBinaries, type ServerBinaries } from './server-binaries.ts'
import {
  chooseFolder,
  dataDirFault,
  makeDataDir,
  reachableBinaries,
  readRecord,
  type ServerRecord,
  writeRecord,
} from './server-files.ts'
import { canWrite, serverUser } from './server-user.ts'
import { takeStartLock } from './start-lock.ts'

type Write = (details: object, message: string) => void
export type ServerLog = { info: Write; warn: Write; debug: Write }

export type EmbeddedServerOptions = {
  /** Folder of this database; made where it is missing. */
  dataDir: string
  /** TIDEMARK_PG_BIN. */
  pgBin?: string | undefined
  /** PATH. */
  path: string
  log: ServerLog
  /** Settings of PostgreSQL beyond the usual ones. A server that runs already keeps those it has. */
  settings?: Record<string, string>
}

export type EmbeddedServer = {
  /** For any PostgreSQL client; holds the password. */
  url: string
  binaries: ServerBinaries
  /** False where another process had started the server. */
  started: boolean
  /** Where the server's files lie: the data directory, or a folder beside it that the server's user reaches. */
  folder: string
  /** Ends this process's interest; the server stops with the last client's. To be called after closing pools. */
  close(): Promise<void>
}

/** A server killed a moment ago may still have backends, and until they are gone no new one can start. */
const LEFT_OVER_MS = 20_000

/**
 * The PostgreSQL server that Tidemark runs itself in `dataDir`: attaches to the one that runs there, else starts
 * it, else makes it first. Raises an `InstallationError` whose sentence says what to change.
 */
export async function openEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  try {
    await makeDataDir(options.dataDir)
    const dataDir = await realpath(options.dataDir)
    const resolved = { settings: {}, ...options, dataDir }
    // pg_ctl starts the server through a shell, and puts the path between double quotes as it is.
    if (process.platform !== 'win32' && /["$`\\\n]/.test(dataDir)) {
      throw new InstallationError(
        `The data directory ${dataDir} cannot be used: PostgreSQL takes no path with ", $, \` or \\ in it.`,
      )
    }
    return (await attach(resolved)) ?? (await startOnce(resolved))
  } catch (error) {
    throw error instanceof TidemarkError ? error : dataDirFault(options.dataDir, error)
  }
}

type Resolved = EmbeddedServerOptions & { settings: Record<string, string> }

/** The running server; undefined where there is none. Waits for one that is starting or stopping. */
async function attach(options: Resolved): Promise<EmbeddedServer | undefined> {
  const { dataDir, path } = options
  const end = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const record = await readRecord(dataDir)
    if (!record?.binaries) return undefined
    const folder = record.folder ?? dataDir
    const data = join(folder, 'postgres')
    const postmaster = await runningPostmaster(data, path)
    if (!postmaster) return undefined
    const keeper = await keep({ port: postmaster.port, password: record.password, data })
    if (keeper) {
      const cluster = { data, binaries: record.binaries, user: await serverUser(data, path), path }
      options.log.debug({ folder, port: postmaster.port }, 'attached to the running database server')
      return opened({ options, cluster, keeper, folder, password: record.password, started: false })
    }
    if (performance.now() > end) {
      throw new DatabaseUnavailableError(
        `The database server in ${data} (process ${postmaster.pid}) runs but does not accept connections; ` +
          `${join(folder, 'server.log')} says why. It may still be recovering: try again.`,
      )
    }
    await wait(50)
  }
}

async function startOnce(options: Resolved): Promise<EmbeddedServer> {
  const end = performance.now() + START_TIMEOUT_MS
  const unlock = await takeStartLock(options.dataDir, { path: options.path, timeout: START_TIMEOUT_MS })
  try {
    let server: EmbeddedServer | undefined
    while (!server) {
      // Another process may have started it before this one got the lock, or be stopping it right now.
      server = (await attach(options)) ?? (await start(options))
      if (performance.now() > end) break
    }
    if (server) return server
  } finally {
    await unlock()
  }
  throw new DatabaseUnavailableError(
    `The database server in ${options.dataDir} stopped again and again: try again.`,
  )
}

/** Starts the server, making it where there is none. Undefined where it was stopped before it could be used. */
async function start(options: Resolved): Promise<EmbeddedServer | undefined> {
  const { dataDir, pgBin, path, log, settings } = options
  const begin = performance.now()
  const known = await readRecord(dataDir)
  let folder = known?.folder ?? dataDir
  const major = await majorOf(join(folder, 'postgres'))
  if (major !== undefined && !known) {
    throw new InstallationError(
      `${dataDir} holds a database but not server.json, which keeps its password: ` +
        'restore that file, or set TIDEMARK_DATA_DIR to another folder to start afresh.',
    )
  }
  if (major === undefined && known?.binaries) {
    throw new InstallationError(
      `The database of ${dataDir} is gone: it lay in ${join(folder, 'postgres')}. ` +
        `Restore that folder, or delete ${join(dataDir, 'server.json')} to start afresh.`,
    )
  }
  const found = await findServerBinaries({ pgBin, path, major })
  // Data that needs the extension must not start without it: its tables would be unreadable one by one.
  const timescale = found.timescale ?? known?.binaries?.timescale
  if (timescale !== found.timescale) {
    log.warn(
      { bin: found.bin, version: found.version, timescale },
      'the data needs TimescaleDB, which is missing',
    )
  }
  const user = await serverUser(join(folder, 'postgres'), path)
  if (major === undefined && !(known?.folder && (await canWrite(known.folder, undefined, path)))) {
    folder = await chooseFolder(dataDir, user, path)
    if (folder !== dataDir) {
      const level = folder.startsWith(tmpdir()) ? 'warn' : 'info'
      log[level]({ folder }, "the server's user cannot reach the data directory; its files are kept here")
    }
  }
  const reachable = await reachableBinaries(found, { folder, user, path })
  const cluster: Cluster = {
    data: join(folder, 'postgres'),
    binaries: { ...reachable, ...(timescale !== undefined && { timescale }) },
    user,
    path,
  }
  const password = known?.password ?? randomBytes(24).toString('base64url')
  const record: ServerRecord = {
    password,
    ...(folder !== dataDir && { folder }),
    ...(known?.port && { port: known.port }),
  }
  if (major === undefined) {
    // Before the database, so that none is ever left whose password nobody knows.
    await writeRecord(dataDir, record)
    log.info({ folder, version: found.version, timescale }, 'making a new database')
    await initCluster(cluster, { password, settings })
  }

  const port = await startOnFreePort(cluster, { settings, record, dataDir })
  const keeper = port && (await keep({ port, password, data: cluster.data }))
  if (!keeper) return undefined
  const milliseconds = Math.round(performance.now() - begin)
  log.info({ folder, port, version: found.version, timescale, milliseconds }, 'database server started')
  return opened({ options, cluster, keeper, folder, password, started: true })
}

async function startOnFreePort(
  cluster: Cluster,
  { settings, record, dataDir }: { settings: Record<string, string>; record: ServerRecord; dataDir: string },
): Promise<number | undefined> {
  const { data, path, binaries } = cluster
  const killed = await readFile(join(data, 'postmaster.pid')).then(
    () => true,
    () => false,
  )
  const giveUp = performance.now() + LEFT_OVER_MS
  let port = record.port
  for (let attempt = 1; ; attempt++) {
    await removeStaleLock(data, path)
    port = await freePort(port)
    // Before the start, so that whoever sees the server also knows what runs it.
    await writeRecord(dataDir, { ...record, port, binaries })
    try {
      await startCluster(cluster, { port, settings })
      return port
    } catch (error) {
      // Somebody whose opener was killed half way, or ours, still recovering: the caller attaches to it.
      if (await runningPostmaster(data, path)) return undefined
      const taken = !(await isFree(port)) && attempt < 5
      if (!taken && !(killed && performance.now() < giveUp)) throw error
      if (!taken) await wait(250)
    }
  }
}

function opened({
  options: { dataDir, path, log },
  cluster,
  keeper,
  folder,
  password,
  started,
}: {
  options: Resolved
  cluster: Cluster
  keeper: Keeper
  folder: string
  password: string
  started: boolean
}): EmbeddedServer {
  let closing: Promise<void> | undefined
  const close = async () => {
    // Under the same lock as a start, or the server could go away between its start and its starter's connection.
    const unlock = await takeStartLock(dataDir, { path, timeout: START_TIMEOUT_MS })
    try {
      await release(keeper, async () => {
        await stopCluster(cluster)
        log.info({ folder }, 'database server stopped')
      })
    } finally {
      await unlock()
    }
  }
  return {
    url: `postgres://${SUPERUSER}:${password}@127.0.0.1:${keeper.port}/${DATABASE}`,
    binaries: cluster.binaries,
    started,
    folder,
    close() {
      closing ??= close()
      return closing
    },
  }
}
