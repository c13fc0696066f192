import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'

export interface ArchiveWriter {
  /** Resolves when the sink has taken it. */
  add(name: string, bytes: Buffer): Promise<void>
  /** Resolves when the sink has taken everything. */
  finish(): Promise<void>
  abort(): void
}

/** Writes a tar of entries whose size is known. */
export function writeArchive(
  sink: Writable,
  { at, signal, end }: { at: Date; signal: AbortSignal /** Whether the sink ends with it. */; end: boolean },
): ArchiveWriter {
  const tar = pack()
  const written = pipeline(tar, sink, { end, signal })
  // Told to whoever adds next, or finishes.
  written.catch(() => {})
  return {
    async add(name, bytes) {
      const entry = new Promise<void>((resolve, reject) => {
        tar.entry({ name, mode: 0o600, mtime: at, size: bytes.length }, bytes, (error) =>
          error ? reject(error) : resolve(),
        )
      })
      entry.catch(() => {})
      await Promise.race([entry, written])
    },
    async finish() {
      tar.finalize()
      await written
    },
    abort() {
      tar.destroy()
    },
  }
}
