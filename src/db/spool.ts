import { once } from 'node:events'
import { createReadStream, type WriteStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Lines kept on disk between reading a file to its end and writing the first of it: a file with a bad record is
 * refused whole, and no file has to fit into memory. The folder goes with `close`.
 */
export interface Spool {
  append(line: string): Promise<void>
  read(): AsyncIterable<string>
  close(): Promise<void>
}

export async function createSpool(): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-'))
  const path = join(folder, 'pages')
  const file = await open(path, 'w', 0o600)
  const stream: WriteStream = file.createWriteStream()
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure = error
  })
  const finished = new Promise<void>((resolve) => stream.once('close', resolve))

  return {
    async append(line) {
      if (failure) throw failure
      // Rejects where the stream fails while it is waited for.
      if (!stream.write(`${line}\n`)) await once(stream, 'drain')
    },
    async *read() {
      stream.end()
      await finished
      if (failure) throw failure
      yield* createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
    },
    async close() {
      stream.destroy()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
