import type { Sql } from '../client.ts'

/** Rows as COPY writes them. */
export interface Piece {
  bytes: Buffer
  rows: number
}

/** Before compression; a row is never divided, so that one which is larger makes a larger piece. */
const pieceBytes = 8 * 1024 * 1024

/**
 * What queries give, one after the other, in pieces of whole rows: no more than one is held in memory, and the server
 * waits. `around` is called before and behind each query.
 *
 * postgres.js 3.4.9 pauses its socket when the stream is full and resumes it when more is read, which nobody does once the
 * stream has ended: the connection would be silent for ever.
 */
export async function* copyOut(
  sql: Sql,
  queries: string[],
  around: () => Promise<void>,
): AsyncGenerator<Piece> {
  let chunks: Buffer[] = []
  let size = 0
  for (const query of queries) {
    await around()
    const stream = await sql.unsafe(`COPY (${query}) TO STDOUT`).readable()
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size < pieceBytes) continue
      const bytes = Buffer.concat(chunks)
      const end = bytes.lastIndexOf(newline) + 1
      if (end > 0) yield pieceOf(bytes.subarray(0, end))
      chunks = [bytes.subarray(end)]
      size = bytes.length - end
    }
    stream._read(0)
    await around()
  }
  if (size > 0) yield pieceOf(Buffer.concat(chunks))
}

/** COPY escapes the newlines inside of values: each one that is there ends a row. */
const newline = 0x0a

export function countRows(bytes: Uint8Array): number {
  let rows = 0
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) rows++
  return rows
}

function pieceOf(bytes: Buffer): Piece {
  return { bytes, rows: countRows(bytes) }
}

/**
 * Stores rows that `copyOut` gave: all of them or none. To be called on a client with one connection, one at a time.
 *
 * postgres.js 3.4.9 has resolved the query when the stream begins, and tells nobody of a refusal that comes after the
 * last byte was handed over: the stream would wait for ever. Its `reject` is where that refusal ends up.
 */
export async function copyIn(sql: Sql, table: string, columns: string, bytes: Uint8Array): Promise<void> {
  const query = sql.unsafe(`COPY ${table} (${columns}) FROM STDIN`)
  const internals = query as unknown as { reject: (error: unknown) => void }
  const { reject } = internals
  const refused = new Promise<never>((_, fail) => {
    internals.reject = (error) => {
      reject(error)
      fail(error)
    }
  })
  refused.catch(() => {})
  const stream = await query.writable()
  const stored = new Promise<void>((resolve, fail) => {
    stream.on('error', fail)
    stream.on('finish', resolve)
    stream.end(bytes)
  })
  stored.catch(() => {})
  await Promise.race([refused, stored])
}
