import { StatementError } from '../../errors.ts'
import { maxRecordLength } from './lines.ts'

export interface OfxTokenHandler {
  open(name: string, line: number): void
  /** Text behind a tag, trimmed, entities decoded, never empty. */
  text(text: string, line: number): void
  close(name: string, line: number): void
}

/**
 * Splits OFX, SGML and XML alike, into tags and texts. Everything before `<OFX>` is the header and passed over,
 * so are comments, declarations and processing instructions; a `<` that begins no tag is text.
 */
export function createOfxTokens(handler: OfxTokenHandler) {
  let buffer = ''
  let line = 1
  let text = ''
  let textLine = 1
  let inside = false
  let tagEnd = -1

  const flushText = () => {
    const value = text.trim()
    if (value !== '' && inside) handler.text(value, textLine)
    text = ''
  }
  const addText = (raw: string, literal = false) => {
    if (text === '') textLine = line
    text += literal ? raw : decodeEntities(raw)
    countLines(raw)
    if (text.length > maxRecordLength) throw new StatementError('a text is longer than 1 MiB', textLine)
  }
  const countLines = (raw: string) => {
    for (let at = raw.indexOf('\n'); at !== -1; at = raw.indexOf('\n', at + 1)) line++
  }

  /** Where the markup at `start` ends; 0 where it is no markup, -1 where it goes on behind the buffer. */
  const markupEnd = (start: number, final: boolean): number => {
    for (const [opening, closing] of skipped) {
      if (buffer.startsWith(opening, start)) {
        const end = buffer.indexOf(closing, start + opening.length)
        return end === -1 ? -1 : end + closing.length
      }
      if (!final && opening.startsWith(buffer.slice(start))) return -1
    }
    if (start + 1 === buffer.length) return final ? 0 : -1
    if (!/[A-Za-z/!]/.test(buffer[start + 1]!)) return 0
    // Looked up once for all that stands before it: a text may be full of tags that never end.
    if (tagEnd !== -1 && tagEnd < start) tagEnd = buffer.indexOf('>', start)
    const end = tagEnd
    const next = buffer.indexOf('<', start + 1)
    if (next !== -1 && (end === -1 || next < end)) return 0
    return end === -1 ? (final ? 0 : -1) : end + 1
  }

  const consume = (final: boolean) => {
    let at = 0
    tagEnd = buffer.indexOf('>')
    while (at < buffer.length) {
      const start = buffer.indexOf('<', at)
      if (start === -1) {
        // An entity may be cut by the end of the piece.
        const keep = final ? buffer.length : entityStart(buffer, at)
        addText(buffer.slice(at, keep))
        at = keep
        break
      }
      const end = markupEnd(start, final)
      if (end === -1) {
        addText(buffer.slice(at, start))
        at = start
        break
      }
      if (start > at) addText(buffer.slice(at, start))
      if (end === 0) {
        addText('<')
        at = start + 1
        continue
      }
      const markup = buffer.slice(start, end)
      if (markup.startsWith('<![CDATA[')) addText(markup.slice(9, -3), true)
      else {
        const tag = /^<(\/?)([A-Za-z][\w.:-]*)[^>]*?(\/?)>$/.exec(markup)
        if (tag) {
          flushText()
          const name = tag[2]!.toUpperCase()
          if (name === 'OFX') inside = true
          if (inside && tag[1]) handler.close(name, line)
          else if (inside) {
            handler.open(name, line)
            if (tag[3]) handler.close(name, line)
          }
        }
        countLines(markup)
      }
      at = end
    }
    buffer = buffer.slice(at)
    if (buffer.length > maxRecordLength) throw new StatementError('a tag is longer than 1 MiB', line)
  }

  return {
    write(piece: string) {
      buffer += piece
      consume(false)
    },
    end() {
      consume(true)
      flushText()
    },
    get line() {
      return line
    },
  }
}

const skipped = [
  ['<![CDATA[', ']]>'],
  ['<!--', '-->'],
  ['<?', '?>'],
] as const

function entityStart(buffer: string, from: number): number {
  const start = buffer.lastIndexOf('&')
  return start >= from && buffer.length - start < 12 && !buffer.includes(';', start) ? start : buffer.length
}

/** The entities of XML and numeric ones; any other ampersand is text, as SGML files do not escape theirs. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d{1,7})|#x([\da-f]{1,6}));/gi,
    (whole, name, decimal, hex) => {
      if (name) return named[name.toLowerCase()]!
      const code = decimal ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}
const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
