import { randomBytes } from 'node:crypto'
import { appendFile, chown, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DatabaseUnavailableError, InstallationError } from '../errors.ts'
import type { ServerBinaries } from './server-binaries.ts'
import { makeOwned } from './server-files.ts'
import { run, type ServerUser } from './server-user.ts'

/** One PostgreSQL data directory (a cluster, as PostgreSQL calls it), and what it is run with. */
export type Cluster = {
  /** PGDATA; the server's log lies beside it. */
  data: string
  binaries: ServerBinaries
  user: ServerUser
  path: string
}

export const SUPERUSER = 'tidemark'
export const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 60_000
const LARGEST_LOG_BYTES = 10_000_000

/** Makes the data directory; it appears under its name only once it is complete. */
export async function initCluster(
  { data, binaries, user, path }: Cluster,
  { password, settings }: { password: string; settings: Record<string, string> },
): Promise<void> {
  const folder = dirname(data)
  // What an initialisation that did not reach its end left behind.
  for (const name of await readdir(folder)) {
    if (name.startsWith('postgres.new-')) await rm(join(folder, name), { recursive: true, maxRetries: 5 })
  }
  const draft = `${data}.new-${randomBytes(4).toString('hex')}`
  await makeOwned(draft, user)
  const draftData = join(draft, 'data')
  const passwordFile = join(draft, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (user) await chown(passwordFile, user.uid, user.gid)

  const args = ['-D', draftData, '-U', SUPERUSER, '--encoding=UTF8', '--data-checksums', '--no-instructions']
  args.push(
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    ...(await localeArguments(binaries.major, path)),
  )
  if (settings.fsync === 'off') args.push('--no-sync')
  const made = await run(join(binaries.bin, 'initdb'), args, {
    user,
    path,
    cwd: draft,
    timeout: START_TIMEOUT_MS,
  })
  if (!made.ok) {
    await rm(draft, { recursive: true, force: true, maxRetries: 5 })
    throw new InstallationError(`The database could not be made in ${folder}: ${made.output.trim()}`)
  }
  await appendFile(
    join(draftData, 'postgresql.conf'),
    "\n# Written by Tidemark at each start.\ninclude 'tidemark.conf'\n",
  )
  await rename(draftData, data)
  await rm(draft, { recursive: true })
}

/** A locale that is the same on every machine, so that no update of the system reorders an index. */
async function localeArguments(major: number, path: string): Promise<string[]> {
  if (major >= 17) return ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const { output } = await run('/bin/sh', ['-c', 'locale -a'], { path })
  return [/^C\.utf-?8$/im.test(output) ? '--locale=C.UTF-8' : '--locale=C']
}

/** Version of PostgreSQL that made the data directory; undefined where there is none. */
export async function majorOf(data: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(data, 'PG_VERSION'), 'utf8'), 10)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Starts the server and returns when it accepts connections. It outlives this process. */
export async function startCluster(
  { data, binaries, user, path }: Cluster,
  { port, settings }: { port: number; settings: Record<string, string> },
): Promise<void> {
  const conf = join(data, 'tidemark.conf')
  await writeFile(conf, configuration({ ...defaults(binaries.timescale !== undefined), ...settings }), {
    mode: 0o600,
  })
  if (user) await chown(conf, user.uid, user.gid)

  const logFile = join(dirname(data), 'server.log')
  const before = (await stat(logFile).catch(() => undefined))?.size ?? 0
  if (before > LARGEST_LOG_BYTES) await rename(logFile, `${logFile}.1`)
  // Made here because under root the server's user may not make files in this folder.
  const log = await open(logFile, 'a', 0o600)
  const from = (await log.stat()).size
  if (user) await log.chown(user.uid, user.gid)
  await log.close()

  // Port and address stand on the command line, where ALTER SYSTEM cannot change them.
  const seconds = START_TIMEOUT_MS / 1000
  const args = [
    'start',
    '-D',
    data,
    '-s',
    '-w',
    '-t',
    String(seconds),
    '-l',
    logFile,
    '-o',
    `-p ${port} -h 127.0.0.1`,
  ]
  const started = await run(join(binaries.bin, 'pg_ctl'), args, {
    user,
    path,
    cwd: data,
    timeout: START_TIMEOUT_MS + 5_000,
  })
  if (started.ok) return
  const tail = (await readFile(logFile)).subarray(from).toString().trim().split('\n').slice(-20).join('\n')
  throw new InstallationError(
    `The database server in ${data} did not start (PostgreSQL ${binaries.version}, ${binaries.bin}). ` +
      `The end of ${logFile}:\n${tail || started.output.trim()}`,
  )
}

/** Ends the server cleanly, its clients disconnected, and returns when its process is gone. */
export async function stopCluster({ data, binaries, user, path }: Cluster): Promise<void> {
  const running = await runningPostmaster(data, path)
  if (!running) return
  // `pg_ctl stop` would wait for a server that another process starts as soon as this one is down.
  if (process.platform === 'win32') {
    await run(join(binaries.bin, 'pg_ctl'), ['kill', 'INT', String(running.pid)], { user, path })
  } else {
    try {
      process.kill(running.pid, 'SIGINT') // a fast shutdown
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  const end = performance.now() + STOP_TIMEOUT_MS
  while (await isPostmaster(running.pid, data, path)) {
    if (performance.now() > end) {
      throw new DatabaseUnavailableError(
        `The database server in ${data} (process ${running.pid}) does not stop; ` +
          `${join(dirname(data), 'server.log')} says why.`,
      )
    }
    await wait(10)
  }
}

/**
 * The server of this data directory, running or on its way up or down. The first and fourth lines of
 * postmaster.pid are its process and its port; the file stays behind when the process is killed, and its number
 * may then belong to another program.
 */
export async function runningPostmaster(
  data: string,
  path: string,
): Promise<{ pid: number; port: number } | undefined> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  if (!pid || !port) return undefined
  return (await isPostmaster(pid, data, path)) ? { pid, port } : undefined
}

/**
 * Removes the lock file of a server that is gone where PostgreSQL would not: it takes any process of the same
 * user with the same number for the server. To be called by one process at a time.
 */
export async function removeStaleLock(data: string, path: string): Promise<void> {
  const lock = join(data, 'postmaster.pid')
  const text = await readFile(lock, 'utf8').catch(() => undefined)
  if (text === undefined || (await runningPostmaster(data, path))) return
  try {
    process.kill(Number.parseInt(text, 10), 0)
    await rm(lock, { force: true })
  } catch {
    // No such process: PostgreSQL finds that out by itself, and checks for left-over backends too.
  }
}

/** True where the process was started as the server of this data directory. */
async function isPostmaster(pid: number, data: string, path: string): Promise<boolean> {
  if (process.platform === 'linux') {
    // Readable for every user, unlike /proc/<pid>/cwd, which root needs a capability for that containers drop.
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    return words[0]?.endsWith('postgres') === true && words.includes(data)
  }
  if (process.platform === 'win32') {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  const { output } = await run('/bin/sh', ['-c', 'ps -ww -o command= -p "$1"', 'sh', String(pid)], { path })
  return output.includes(`postgres -D ${data} `)
}

function defaults(timescale: boolean): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '256MB',
    max_locks_per_transaction: '512',
    jit: 'off',
    random_page_cost: '1.1',
    wal_compression: 'on',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: '0.9',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    log_checkpoints: 'off',
    // Statements and the rows in an error's detail are people's data; they do not belong in a log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...(timescale && {
      shared_preload_libraries: 'timescaledb',
      'timescaledb.telemetry_level': 'off',
      'timescaledb.max_background_workers': '8',
      max_worker_processes: '24',
    }),
  }
}

function configuration(settings: Record<string, string>): string {
  const lines = Object.entries(settings).map(([name, value]) => {
    if (!/^[a-z_][a-z0-9_.]*$/i.test(name) || value.includes('\n')) {
      throw new InstallationError(`"${name}" is not a setting that PostgreSQL can be given.`)
    }
    return `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`
  })
  return lines.join('')
}
