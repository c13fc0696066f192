import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { RefusedError, StatementError } from '../errors.ts'

/** A file to read, from its start each time. Throws a RefusedError where it cannot be read at all. */
export async function openFile(
  workingDirectory: string,
  path: string,
): Promise<{ open: () => AsyncIterable<Uint8Array>; size: number }> {
  const absolute = resolve(workingDirectory, path)
  const found = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    throw new RefusedError(`${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`)
  })
  if (found.isDirectory()) throw new RefusedError(`${path}: is a folder; name the files in it`)
  return { open: () => createReadStream(absolute, { highWaterMark: 256 * 1024 }), size: found.size }
}

/** Puts the file's name before what is wrong with it; other errors pass unchanged. */
export function namingFile(path: string, error: unknown): unknown {
  if (error instanceof StatementError) return new RefusedError(`${path}: ${error.message}`, { cause: error })
  if (error instanceof Error && 'syscall' in error && error.syscall === 'read') {
    return new RefusedError(`${path}: ${error.message}`, { cause: error })
  }
  return error
}
