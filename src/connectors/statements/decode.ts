import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { StatementError } from '../../errors.ts'
import { maxRecordLength } from './lines.ts'

/**
 * How the bytes of a file become text: `utf-8` is strict; `utf-8-or-1252` takes each line that is not valid
 * UTF-8 as Windows-1252, for formats that declare no encoding; anything else is a name that iconv-lite knows.
 */
export type Encoding = 'utf-8' | 'utf-8-or-1252' | (string & {})

export function isEncoding(name: string): boolean {
  return name === 'utf-8-or-1252' || iconv.encodingExists(name)
}

/** Text of a file in pieces, without its byte order mark. A byte order mark overrules `encoding`. */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  encoding: Encoding,
): AsyncIterable<string> {
  let decoder: Decoder | undefined
  let head: Uint8Array = new Uint8Array(0)
  for await (const chunk of chunks) {
    let bytes = chunk
    if (!decoder) {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
      if (head.length < 3) continue
      decoder = createDecoder(encoding, head)
      bytes = head
    }
    const text = decoder.write(bytes)
    if (text !== '') yield text
  }
  decoder ??= createDecoder(encoding, head)
  if (head.length < 3) yield decoder.write(head)
  yield decoder.end()
}

interface Decoder {
  write(bytes: Uint8Array): string
  end(): string
}

function createDecoder(encoding: Encoding, head: Uint8Array): Decoder {
  const marked = byteOrderMark(head)
  if (marked) encoding = marked
  if (/^utf-?8$/i.test(encoding)) return createStrictUtf8Decoder()
  if (encoding === 'utf-8-or-1252') return createLenientDecoder()
  const decoder = iconv.getDecoder(encoding)
  return {
    write: (bytes) => decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    end: () => decoder.end() ?? '',
  }
}

/** The encoding that a byte order mark at the start of the file names. */
export function byteOrderMark(head: Uint8Array): string | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  return undefined
}

function createStrictUtf8Decoder(): Decoder {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  const refuse = (line: number, cause: unknown) =>
    new StatementError('not valid UTF-8; save the file as UTF-8 or declare its encoding', line, {
      cause,
    })
  return {
    write(bytes) {
      try {
        const text = decoder.decode(bytes, { stream: true })
        line += countNewlines(bytes)
        return text
      } catch (error) {
        throw refuse(line + invalidLine(bytes), error)
      }
    },
    end() {
      try {
        return decoder.decode()
      } catch (error) {
        throw refuse(line, error)
      }
    },
  }
}

/** Which line of a piece, counted from 0, is the first that is not valid UTF-8. */
function invalidLine(bytes: Uint8Array): number {
  let start = 0
  // The piece may begin inside a character.
  while (start < Math.min(3, bytes.length) && (bytes[start]! & 0xc0) === 0x80) start++
  for (let line = 0; ; line++) {
    const end = bytes.indexOf(newline, start)
    if (end === -1) return isUtf8(bytes.subarray(start)) ? 0 : line
    if (!isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
  }
}

function createLenientDecoder(): Decoder {
  let rest = Buffer.alloc(0)
  const decodeLines = (bytes: Buffer): string => {
    if (isUtf8(bytes)) return bytes.toString('utf8')
    let text = ''
    let start = 0
    while (start < bytes.length) {
      const end = bytes.indexOf(newline, start)
      const line = bytes.subarray(start, end === -1 ? bytes.length : end + 1)
      text += isUtf8(line) ? line.toString('utf8') : iconv.decode(line, 'windows-1252')
      start += line.length
    }
    return text
  }
  return {
    write(bytes) {
      rest = Buffer.concat([rest, bytes])
      const end = rest.lastIndexOf(newline) + 1
      if (rest.length - end > 4 * maxRecordLength) throw new StatementError('a line is longer than 1 MiB')
      const text = decodeLines(rest.subarray(0, end)).replace(/^\ufeff/, '')
      rest = Buffer.from(rest.subarray(end))
      return text
    },
    end: () => decodeLines(rest),
  }
}

const newline = 0x0a

function countNewlines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++
  return count
}
