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
  // Told to whoever adds next, or finishes.
  let fault: unknown
  const written = pipeline(tar, sink, { end, signal })
  written.catch((error: unknown) => {
    fault = error
  })
  return {
    async add(name, bytes) {
      if (fault) throw fault
      const entry = new Promise<void>((resolve, reject) => {
        const header = { name, mode: 0o600, mtime: at, size: bytes.length }
        const one = tar.entry(header, bytes, (error) => (error ? reject(error) : resolve()))
        // An entry that the end of the tar breaks off says so here, and not to the call.
        one.on('error', reject)
      })
      // A sink that fails ends the tar, and says why only then.
      const taken = entry.catch(() => written)
      taken.catch(() => {})
      await Promise.race([taken, written])
    },
    async finish() {
      if (fault) throw fault
      tar.finalize()
      await written
    },
    abort() {
      tar.destroy()
    },
  }
}
