import { randomUUID } from 'node:crypto'
import {
  chownSync,
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RefusedError } from './errors.ts'
import { readSealingKey, type SealingKey } from './sealing.ts'

/**
 * The keys of an installation that keeps them itself, in a file that only its owner reads. It is small and seldom
 * read, so that reading it at once is simpler than waiting for it.
 */
export interface KeyFile {
  /** What is sealed from now on is sealed under it. */
  current: SealingKey
  /** Still needed to open what a rotation has not come to yet. */
  old: SealingKey[]
}

const heading =
  '# These keys open the credentials of your providers. Show them to nobody, and keep a copy apart from\n' +
  '# that of the database: without them, every provider has to be connected again.\n'

/** Undefined where there is none. Throws a RefusedError where others may read it, or it is not whole. */
export function readKeyFile(file: string): KeyFile | undefined {
  let text: string
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const { mode } = fstatSync(descriptor)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new RefusedError(
        `${file} is open to others (mode ${(mode & 0o777).toString(8)}): if nobody has read it, run "chmod 600 ${file}"; ` +
          'else run "tidemark keys rotate" after it',
      )
    }
    text = readFileSync(descriptor, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
  const keys: Record<string, SealingKey[]> = { current: [], old: [] }
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [name = '', id, base64 = '', ...rest] = line.trim().split(/\s+/)
    const key = Buffer.from(base64, 'base64').length === 32 ? readSealingKey(base64) : undefined
    // The id is a hash of the key: it tells a key that was not copied whole.
    if (!Object.hasOwn(keys, name) || key === undefined || key.id !== id || rest.length > 0)
      throw damaged(file, `line ${index + 1}`)
    keys[name]!.push(key)
  }
  const [current, ...others] = keys.current!
  if (current === undefined || others.length > 0) throw damaged(file, 'the line of the current key')
  return { current, old: keys.old! }
}

function damaged(file: string, place: string): RefusedError {
  return new RefusedError(
    `${file} is damaged (${place} is not a key as Tidemark writes it): restore it from a copy; ` +
      'what was sealed under a key that is lost cannot be opened again',
  )
}

/** Makes the file unless there is one. Of several processes at once, one succeeds. */
export function makeKeyFile(file: string, keys: KeyFile): void {
  const draft = writeDraft(file, keys)
  try {
    linkSync(draft, file)
  } catch (error) {
    // ENOENT: another process made it, and replaced it already.
    if (!['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  flushFolder(file)
}

/** Replaces the file by a whole one, also where the power fails. To be called by one process at a time. */
export function replaceKeyFile(file: string, keys: KeyFile): void {
  renameSync(writeDraft(file, keys), file)
  // What a process that was killed left behind holds keys, too.
  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp'))
      rmSync(join(dirname(file), name), { force: true })
  }
  flushFolder(file)
}

function writeDraft(file: string, keys: KeyFile): string {
  const line = (name: string, { id, secret }: SealingKey) =>
    `${name.padEnd(7)} ${id} ${secret.export().toString('base64')}\n`
  const text = `${heading}${line('current', keys.current)}${keys.old.map((key) => line('old', key)).join('')}`
  const draft = `${file}.${randomUUID()}.tmp`
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  if (process.getuid?.() === 0) {
    // Root leaves it to the owner of the folder.
    const { uid, gid } = statSync(dirname(file))
    chownSync(draft, uid, gid)
  }
  return draft
}

/** A new name in a folder outlives a power failure once the folder is flushed. Windows does that by itself. */
function flushFolder(file: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(dirname(file), 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
