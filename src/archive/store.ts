/**
 * Where the detail of old transactions is kept: whole objects under keys. A key is made of segments of letters, digits
 * and `. _ = -`, separated by `/`; no segment begins with a dot, and no key lies below another. An object is a few MB
 * and is never changed in place. What lies in the same place under other names is left alone.
 */
export interface ArchiveStore {
  /** As lists and messages show it: a folder's path or s3://bucket/prefix; never credentials. */
  readonly place: string
  /** The whole object is there afterwards, or nothing of it. Writing a key again replaces it. */
  put(key: string, body: Uint8Array): Promise<void>
  /**
   * Throws an ArchiveMissingError where it is not there. `range`: bytes from `start`, `end` not included; what lies past
   * the object's end is left out.
   */
  get(key: string, range?: ByteRange): Promise<Uint8Array>
  /** Bytes; undefined where it is not there. */
  size(key: string): Promise<number | undefined>
  /** Nothing happens where it is not there. */
  remove(key: string): Promise<void>
  /** Keys that begin with the prefix, ordered as text, and their bytes. An empty prefix: all. */
  list(prefix: string): AsyncIterable<{ key: string; bytes: number }>
}

export interface ByteRange {
  start: number
  /** Not included; above `start`. */
  end: number
}
