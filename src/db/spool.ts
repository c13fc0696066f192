import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SpoolError } from '../errors.ts'

/**
 * Texts kept on disk between reading a file to its end and writing the first of it: a file with a bad record is
 * refused whole, and no file has to fit into memory. The folder goes with `close`. Throws a SpoolError where the
 * disk does not take them.
 */
export interface Spool {
  append(text: string): Promise<void>
  /** In the order in which they were appended. */
  read(): AsyncIterable<string>
  close(): Promise<void>
}

export async function createSpool(): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-')).catch(refuse)
  const file = await open(join(folder, 'spool'), 'wx+', 0o600).catch(refuse)
  // Without a name, it goes with the process, however that ends.
  if (process.platform !== 'win32') await rm(folder, { recursive: true, force: true })
  const sizes: number[] = []

  return {
    async append(text) {
      const bytes = Buffer.from(text)
      await file.appendFile(bytes).catch(refuse)
      sizes.push(bytes.length)
    },
    async *read() {
      let position = 0
      for (const size of sizes) {
        const { buffer, bytesRead } = await file
          .read(Buffer.allocUnsafe(size), 0, size, position)
          .catch(refuse)
        if (bytesRead !== size) refuse(new Error(`${bytesRead} of ${size} bytes`))
        position += size
        yield buffer.toString()
      }
    },
    async close() {
      await file.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function refuse(error: unknown): never {
  throw new SpoolError(
    `the folder for temporary files, ${tmpdir()}, does not take the file while it is checked (${(error as Error).message}): ` +
      'nothing of it was stored; make room there, or name another folder in TMPDIR',
    { cause: error },
  )
}
