import { createHash, randomBytes } from 'node:crypto'
import {
  chmod,
  chown,
  constants,
  cp,
  lchown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { InstallationError } from '../errors.ts'
import type { ServerBinaries } from './server-binaries.ts'
import { canWrite, run, type ServerUser } from './server-user.ts'

/** What `server.json` in the data directory keeps between starts. */
export type ServerRecord = {
  password: string
  /** Where the server's files lie; absent = in the data directory itself. */
  folder?: string
  /** Port of the last start. */
  port?: number
  /** Binaries of the last start. */
  binaries?: ServerBinaries
}

export async function readRecord(dataDir: string): Promise<ServerRecord | undefined> {
  const file = join(dataDir, 'server.json')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const record = JSON.parse(text) as ServerRecord
    if (typeof record.password === 'string') return record
  } catch {
    // Told below, without the text: it may hold the password.
  }
  throw new InstallationError(
    `${file} is damaged: restore it from a backup; it holds the database's password.`,
  )
}

export async function writeRecord(dataDir: string, record: ServerRecord): Promise<void> {
  const draft = join(dataDir, `server.json.${process.pid}.tmp`)
  await writePrivate(draft, `${JSON.stringify(record, null, 2)}\n`)
  await rename(draft, join(dataDir, 'server.json'))
}

/** Writes a file that only its owner reads; root leaves it to the owner of the folder. */
export async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 })
  if (process.getuid?.() === 0) {
    const { uid, gid } = await stat(dirname(file))
    await chown(file, uid, gid)
  }
}

/**
 * A folder for the server's files that its user reaches: the data directory where possible, else one under
 * /var/lib or the system's temporary folder. Its name carries a random part, so that a data directory
 * which was deleted and made again does not meet the files of the former one.
 */
export async function chooseFolder(dataDir: string, user: ServerUser, path: string): Promise<string> {
  if (!user) return dataDir
  const name = `${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}-${randomBytes(4).toString('hex')}`
  const candidates = [dataDir, join('/var/lib/tidemark', name), join(tmpdir(), `tidemark-${name}`)]
  for (const folder of candidates) {
    try {
      if (folder !== dataDir) {
        if (basename(dirname(folder)) === 'tidemark') await makePassable(dirname(folder))
        await makePassable(folder)
      }
      const probe = join(folder, `probe-${name}`)
      await makeOwned(probe, user)
      const reached = await canWrite(probe, user, path)
      await rmdir(probe)
      if (reached) return folder
      if (folder !== dataDir) await rmdir(folder)
    } catch (error) {
      // A folder that this system does not let us make or give away is one that cannot be used.
      if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error
    }
  }
  throw new InstallationError(
    `The user with id ${user.uid}, whom the database server runs as, reaches none of ${candidates.join(', ')}: ` +
      'set TIDEMARK_DATA_DIR to a folder whose parents everybody may enter.',
  )
}

/** A folder that others may pass through but not list, whatever the umask is. */
async function makePassable(folder: string): Promise<void> {
  if ((await mkdir(folder, { recursive: true })) !== undefined) await chmod(folder, 0o711)
}

/** A folder that only the server's user may use. */
export async function makeOwned(folder: string, user: ServerUser): Promise<void> {
  await mkdir(folder, { mode: 0o700 })
  if (user) await chown(folder, user.uid, user.gid)
}

/** The data directory itself. Under root others may pass through, as the server's user has to. */
export async function makeDataDir(dataDir: string): Promise<void> {
  if ((await mkdir(dataDir, { recursive: true })) === undefined) return
  await chmod(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700)
}

/** Binaries that the server's user can run: the given ones, or a copy of them beside the server's files. */
export async function reachableBinaries(
  binaries: ServerBinaries,
  { folder, user, path }: { folder: string; user: ServerUser; path: string },
): Promise<ServerBinaries> {
  // Also tells whether the shared libraries are reachable, which `test -x` does not.
  const runs = async (bin: string) => (await run(join(bin, 'postgres'), ['-V'], { user, path })).ok
  if (!user || (await runs(binaries.bin))) return binaries

  const copy = join(folder, `binaries-${binaries.version}`)
  const bin = join(copy, basename(binaries.bin))
  if (await runs(bin)) return { ...binaries, bin }

  const draft = `${copy}.new`
  for (const name of await readdir(folder)) {
    if (name.startsWith('binaries-')) await rm(join(folder, name), { recursive: true })
  }
  await cp(dirname(binaries.bin), draft, {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (source) => !source.endsWith('.a'),
  })
  // The modes of the source may shut its user out too, so the copy is given to that user.
  await lchown(draft, user.uid, user.gid)
  for (const entry of await readdir(draft, { recursive: true })) {
    await lchown(join(draft, entry), user.uid, user.gid)
  }
  await rename(draft, copy)
  return { ...binaries, bin }
}

/** A sentence for what the system says about the data directory. */
export function dataDirFault(dataDir: string, cause: unknown): unknown {
  const { code = '', syscall } = cause as NodeJS.ErrnoException
  const reasons = {
    EACCES: 'this user may not use it; run Tidemark as its owner',
    EPERM: 'this user may not use it; run Tidemark as its owner',
    EROFS: 'it lies on a file system that is read-only',
    ENOSPC: 'its disk is full',
    EDQUOT: "this user's disk quota is used up",
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'it is a file',
    // What Node reports for EROFS where a folder is to be made with its parents.
    ...(syscall === 'mkdir' && { ENOENT: 'it cannot be made; its file system may be read-only' }),
  } as Record<string, string>
  const reason = reasons[code]
  if (reason === undefined) return cause
  return new InstallationError(
    `The data directory ${dataDir} cannot be used: ${reason}. TIDEMARK_DATA_DIR names another one.`,
    { cause },
  )
}
