import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { RefusedError } from '../errors.ts'

/** A file to read, from its start each time. Throws a RefusedError where it cannot be read at all. */
export async function openFile(
  workingDirectory: string,
  path: string,
): Promise<{ open: () => AsyncIterable<Uint8Array>; size: number }> {
  const absolute = resolve(workingDirectory, path)
  const found = await stat(absolute).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (found.isDirectory()) throw new RefusedError(`${path}: is a folder; name the files in it`)
  async function* open(): AsyncIterable<Uint8Array> {
    try {
      yield* createReadStream(absolute, { highWaterMark: 256 * 1024 })
    } catch (error) {
      throw new RefusedError(reasonOf(error), { cause: error })
    }
  }
  return { open, size: found.size }
}

/** A file that the system does not give, as a sentence. */
export function unreadable(path: string, error: unknown): RefusedError {
  return new RefusedError(`${path}: ${reasonOf(error)}`, { cause: error })
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'permission to read it is denied'
  return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
}

/** Puts the file's name before what is wrong with it; other errors pass unchanged. */
export function namingFile(path: string, error: unknown): unknown {
  return error instanceof RefusedError
    ? new RefusedError(`${path}: ${error.message}`, { cause: error })
    : error
}
