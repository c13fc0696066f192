import { StatementError } from '../../errors.ts'
import type { StatementEvent } from '../../statement.ts'
import { createCamt053Parser } from './camt053.ts'
import { createMappedCsvParser } from './csv.ts'
import { byteOrderMark, decodeText, type Encoding, isEncoding } from './decode.ts'
import { detectFormat, detectMapped, headLength, readableHead } from './detect.ts'
import type { Emit, ReadOptions, StatementFormat, StatementParser } from './format.ts'
import { createMt940Parser } from './mt940.ts'
import { createOfxParser } from './ofx.ts'
import { parseStream } from './parse-stream.ts'
import { createQifParser } from './qif.ts'
import { decideDateOrder } from './qif-date.ts'
import { quote } from './record.ts'
import { createTidemarkCsvParser } from './tidemark-csv.ts'

/**
 * Reads a statement file as a stream of events; what is held in memory does not grow with the file. `open` gives
 * the file's bytes from their start and may be called twice. A record that cannot be read is a fault event; a
 * file that cannot be read throws a StatementError, after the events that came before the fault.
 */
export async function* readStatement(
  open: () => AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncIterable<StatementEvent> {
  for await (const events of readStatementBatches(open, options)) yield* events
}

/** As `readStatement`, a batch of events at a time: an asynchronous step for each would cost more than reading it. */
export async function* readStatementBatches(
  open: () => AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncIterable<StatementEvent[]> {
  const { head, chunks, close } = await withHead(open())
  try {
    const text = readableHead(head)
    const format = options.format ?? (options.mapping ? detectMapped(head) : detectFormat(head))
    const encoding = encodingOf(format, text, byteOrderMark(head), options)

    let events: StatementEvent[] = []
    const emit: Emit = (event) => events.push(event)
    const drain = () => {
      const drained = events
      events = []
      return drained
    }
    const parser = await createParser(format, () => decodeText(open(), encoding), options, emit)
    yield* parseStream(decodeText(chunks, encoding), parser, drain)
  } finally {
    await close()
  }
}

async function createParser(
  format: StatementFormat,
  openText: () => AsyncIterable<string>,
  options: ReadOptions,
  emit: Emit,
): Promise<StatementParser> {
  switch (format) {
    case 'tidemark-csv':
      return createTidemarkCsvParser(options, emit)
    case 'csv':
      if (!options.mapping)
        throw new StatementError('a CSV other than Tidemark’s needs a mapping', 0, {
          needs: 'mapping',
          hint: ' file: --mapping',
        })
      return createMappedCsvParser(options.mapping, options, emit)
    case 'ofx':
      return createOfxParser(options, emit)
    case 'qif':
      return createQifParser({ ...options, dateOrder: await decideDateOrder(openText()) }, emit)
    case 'camt053':
      return createCamt053Parser(emit)
    case 'mt940':
      return createMt940Parser(options, emit)
  }
}

function encodingOf(
  format: StatementFormat,
  head: string,
  mark: string | undefined,
  options: ReadOptions,
): Encoding {
  if (mark) return mark
  switch (format) {
    case 'tidemark-csv':
      return 'utf-8'
    case 'csv':
      return options.mapping?.encoding ?? 'utf-8'
    case 'qif':
    case 'mt940':
      return 'utf-8-or-1252'
    case 'ofx':
      return head.startsWith('<') ? xmlEncoding(head) : ofxEncoding(head)
    case 'camt053':
      return xmlEncoding(head)
  }
}

function xmlEncoding(head: string): Encoding {
  const declared = /^<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)["']/i.exec(head)?.[1]
  if (declared === undefined) return 'utf-8'
  return known(/^(?:us-)?ascii$/i.test(declared) ? 'utf-8-or-1252' : declared)
}

/** OFX 1.x, 2.2.1: ENCODING is USASCII, UNICODE or UTF-8; for USASCII, CHARSET is a code page, ISO-8859-1 or NONE. */
function ofxEncoding(head: string): Encoding {
  const value = (name: string) =>
    new RegExp(`${name}\\s*:\\s*([\\w-]+)`, 'i').exec(head.split(/<OFX/i)[0]!)?.[1] ?? ''
  if (/^utf-?8$/i.test(value('ENCODING')) || /^utf-?8$/i.test(value('CHARSET'))) return 'utf-8'
  const charset = value('CHARSET')
  if (charset === '' || /^none$/i.test(charset)) return 'utf-8-or-1252'
  // Many banks declare 1252 and write UTF-8; text that is valid UTF-8 beyond ASCII is hardly ever anything else.
  if (/^(?:1252|windows-1252|ISO-?8859-1)$/i.test(charset)) return 'utf-8-or-1252'
  return known(/^\d+$/.test(charset) ? `windows-${charset}` : charset)
}

function known(encoding: string): Encoding {
  if (!isEncoding(encoding)) throw new StatementError(`the encoding ${quote(encoding)} is not known`)
  return encoding
}

/** The first 64 KiB of a file, and all of its bytes. */
async function withHead(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let length = 0
  while (length < headLength) {
    const next = await iterator.next()
    if (next.done) break
    first.push(next.value)
    length += next.value.length
  }
  async function* chunks() {
    yield* first
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return {
    head: Buffer.concat(first).subarray(0, headLength),
    chunks: chunks(),
    close: async () => void (await iterator.return?.()),
  }
}
