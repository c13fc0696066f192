import { compress, decompress, init } from '@bokuweb/zstd-wasm'

/** zstd compiled to WebAssembly: Node 20 has none, and every platform and version of Node gives the same bytes. */
export interface Zstd {
  compress(bytes: Uint8Array): Uint8Array
  decompress(bytes: Uint8Array): Uint8Array
}

let loaded: Promise<Zstd> | undefined

/** Loads it at its first use, once for the process. */
export function loadZstd(): Promise<Zstd> {
  loaded ??= init().then(() => ({
    compress: (bytes) => compress(bytes, level),
    decompress: (bytes) => decompress(bytes),
  }))
  return loaded
}

const level = 9
