import { compress, decompress, init } from '@bokuweb/zstd-wasm'

/** zstd compiled to WebAssembly: Node 20 has none, and every platform and version of Node gives the same bytes. */
export interface Zstd {
  compress(bytes: Uint8Array): Uint8Array
  decompress(bytes: Uint8Array): Uint8Array
}

/** The library has one instance for the process, which a second init would spoil: also that of a copy of this module. */
const instance = Symbol.for('tidemark.zstd')
const holder = globalThis as { [instance]?: Promise<Zstd> }

/** Loads it at its first use, once for the process. */
export function loadZstd(): Promise<Zstd> {
  holder[instance] ??= init().then(() => ({
    compress: (bytes) => compress(bytes, level),
    decompress: (bytes) => decompress(bytes),
  }))
  return holder[instance]
}

const level = 9
