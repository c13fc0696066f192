import { randomUUID } from 'node:crypto'
import { chmod, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { ArchiveMissingError, ArchiveSettingsError, ArchiveUnavailableError } from '../errors.ts'
import { flushFolder } from '../flush-folder.ts'
import { checkKey, checkPrefix, checkRange, isKey } from './keys.ts'
import type { ArchiveStore, ByteRange } from './store.ts'

/** No key begins with a dot: what is being written is in nobody's way. */
const draftName = /^\.[0-9a-f-]{36}\.draft$/

/** After so long, nobody is still writing: the process was killed. */
const draftLifetime = 24 * 3_600_000

/**
 * Objects as files of a folder, which its owner alone may read. A file appears under its name once it is whole and on
 * the disk. Drafts that a killed process left are removed by writing beside them, a day later.
 */
export function createFolderStore(folder: string, clock: () => Date): ArchiveStore {
  const fileOf = (key: string) => {
    checkKey(key)
    return join(folder, ...key.split('/'))
  }

  return {
    place: folder,

    put: (key, body) =>
      told(folder, async () => {
        const file = fileOf(key)
        await makeFolder(folder, dirname(file))
        const draft = join(dirname(file), `.${randomUUID()}.draft`)
        try {
          await writeWhole(draft, body)
          await rename(draft, file)
        } catch (error) {
          await rm(draft, { force: true }).catch(() => {})
          throw error
        }
        await flushFolder(dirname(file))
        await removeOldDrafts(dirname(file), clock())
      }),

    get: (key, range) =>
      told(folder, async () => {
        const file = fileOf(key)
        checkRange(range)
        try {
          return await readPart(file, range)
        } catch (error) {
          if (!isAway(error)) throw error
          throw new ArchiveMissingError(`the archive in ${folder} has no ${key}`)
        }
      }),

    size: (key) =>
      told(folder, async () => {
        const found = await stat(fileOf(key)).catch(unlessAway)
        return found?.isFile() ? found.size : undefined
      }),

    remove: (key) =>
      told(folder, async () => {
        const file = fileOf(key)
        const found = await lstat(file).catch(unlessAway)
        if (!found || found.isDirectory()) return
        await rm(file, { force: true })
        await flushFolder(dirname(file))
      }),

    async *list(prefix) {
      checkPrefix(prefix)
      yield* walk(folder, '', prefix)
    },
  }
}

async function* walk(
  folder: string,
  above: string,
  prefix: string,
): AsyncGenerator<{ key: string; bytes: number }> {
  const place = join(folder, ...above.split('/'))
  const entries = await told(folder, () => readdir(place, { withFileTypes: true }).catch(unlessAway))
  // Keys are ordered as whole texts: "a-b" stands before "a/b", and that before "ab".
  const names = (entries ?? [])
    .filter((entry) => isKey(`${above}${entry.name}`))
    .map((entry) => ({ entry, name: `${above}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const { entry, name } of names) {
    if (entry.isDirectory()) {
      if (name.startsWith(prefix) || prefix.startsWith(name)) yield* walk(folder, name, prefix)
    } else if (name.startsWith(prefix)) {
      // One that was removed meanwhile is listed no more.
      const found = await told(folder, () => stat(join(folder, ...name.split('/'))).catch(unlessAway))
      if (found?.isFile()) yield { key: name, bytes: found.size }
    }
  }
}

async function readPart(file: string, range: ByteRange | undefined): Promise<Uint8Array> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const start = Math.min(range?.start ?? 0, size)
    const bytes = Buffer.alloc(Math.min(range?.end ?? size, size) - start)
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  } finally {
    await handle.close()
  }
}

async function writeWhole(file: string, body: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(body)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes what is missing from the archive's folder down to this one, so that it outlives a power failure. */
async function makeFolder(root: string, folder: string): Promise<void> {
  const missing: string[] = []
  for (let each = folder; !(await isFolder(each)); each = dirname(each)) missing.unshift(each)
  // One by one: a recursive call of Node.js 20 tells ENOENT of a read-only disk, and tries for ever where the system says
  // ENOENT of a folder whose parent is there, as in /proc.
  for (const each of missing) {
    await mkdir(each, { mode: 0o700 }).catch(unlessThere)
    // The mode of a new folder is what the umask leaves of it.
    if (each === root || each.startsWith(root + sep)) await chmod(each, 0o700)
    await flushFolder(dirname(each))
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory() || path === dirname(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Another process may have made it meanwhile. */
function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
}

async function removeOldDrafts(folder: string, now: Date): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!draftName.test(name)) continue
    const draft = join(folder, name)
    const found = await stat(draft).catch(unlessAway)
    if (found && now.getTime() - found.mtimeMs > draftLifetime) await rm(draft, { force: true })
  }
}

/** Says what is wrong with the folder where the disk or its rights are. */
async function told<Outcome>(folder: string, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'EBUSY', 'ESTALE', 'ETIMEDOUT'].includes(code))
      throw new ArchiveUnavailableError(`the archive in ${folder} cannot be used now (${code})`, {
        cause: error,
      })
    if (['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ELOOP'].includes(code))
      throw new ArchiveSettingsError(
        `the archive in ${folder} cannot be used (${code}): TIDEMARK_ARCHIVE must name a folder that Tidemark may write to`,
        { cause: error },
      )
    throw error
  }
}

/** A key that lies below a file, or that is a folder, is not there. */
function isAway(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
}

function unlessAway(error: unknown): undefined {
  if (!isAway(error)) throw error
  return undefined
}
