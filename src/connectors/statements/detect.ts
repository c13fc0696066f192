import iconv from 'iconv-lite'
import { StatementError } from '../../errors.ts'
import { byteOrderMark } from './decode.ts'
import type { StatementFormat } from './format.ts'
import { quote } from './record.ts'
import { missingColumns } from './tidemark-csv.ts'

/** As much of a file as its format is decided by. */
export const headLength = 64 * 1024

/** The format of a file by its first 64 KiB; a StatementError says what the file is not. */
export function detectFormat(head: Uint8Array): StatementFormat {
  const text = readableHead(head)
  return detectMarked(text) ?? detectCsv(text)
}

/** As `detectFormat`, where a mapping makes any text without the marks of another format a CSV. */
export function detectMapped(head: Uint8Array): StatementFormat {
  return detectMarked(readableHead(head)) ?? 'csv'
}

/** The head of the file as text without leading blanks, every byte a character unless it is UTF-16. */
export function readableHead(bytes: Uint8Array): string {
  const head = bytes.subarray(0, headLength)
  if (head.length === 0) throw new StatementError('the file is empty')
  const mark = byteOrderMark(head)
  const buffer = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  const text = iconv.decode(buffer, mark && mark !== 'utf-8' ? mark : 'latin1').replace(/^(?:ï»¿)?\s*/, '')
  if (text === '') throw new StatementError('the file holds nothing but blanks')
  refuseBinary(text)
  return text
}

function refuseBinary(text: string): void {
  for (const [start, name] of magic) {
    if (text.startsWith(start)) throw new StatementError(`${name}, not a text file`)
  }
  const controls = text.match(/[\0-\x08\x0e-\x1f]/g)?.length ?? 0
  if (text.includes('\0') || controls > text.length / 20 + 2) {
    throw new StatementError('binary content, not a text file')
  }
}
const magic = [
  ['PK\x03\x04', 'a ZIP archive or an office document'],
  ['%PDF', 'a PDF'],
  ['\x1f\x8b', 'a gzip archive'],
] as const

/** The format by marks that nothing else bears. */
function detectMarked(text: string): StatementFormat | undefined {
  if (/^OFXHEADER\s*:/i.test(text) || /^<[^>]*>?\s*(?:<\?OFX\b|<OFX\b)/i.test(text) || /^<OFX\b/i.test(text))
    return 'ofx'
  if (text.startsWith('<')) return detectXml(text)
  if (/^!(?:Type|Account|Option|Clear)\b/i.test(text)) return 'qif'
  if (/^\x01?\{1:[^}]*\}\{2:[IO]942/.test(text)) {
    throw new StatementError('an MT942, a report of a day that is not closed; give the MT940 statement')
  }
  if (/^[^,;\t]{0,200}?:20:/m.test(text) && /^:(?:25P?|28C?|60[FM]|61):/m.test(text)) return 'mt940'
  return undefined
}

function detectXml(text: string): StatementFormat {
  const body = text.replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^>[]*(?:\[[\s\S]*?\])?\s*>/gi, '')
  if (/<OFX\b/i.test(body)) return 'ofx'
  const message = /camt\.\d{3}(?:\.\d{3}(?:\.\d{2})?)?/.exec(body)?.[0]
  if (message?.startsWith('camt.053')) return 'camt053'
  if (message?.startsWith('camt.052')) {
    throw new StatementError(
      `a ${message}, a report of a day that is not closed; give the camt.053 statement`,
    )
  }
  const root = /<([^\s<>/!?]+)/.exec(body)?.[1] ?? 'no element'
  throw new StatementError(`an XML document of ${message ?? quote(root)}, not camt.053 or OFX`)
}

function detectCsv(text: string): StatementFormat {
  const header = /^[^\r\n]*/.exec(text)![0]
  const delimiter = [',', ';', '\t', '|'].reduce((best, next) =>
    header.split(next).length > header.split(best).length ? next : best,
  )
  const names = header.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
  if (names.length < 2) {
    throw new StatementError(
      'not a statement of a known format (Tidemark CSV, OFX, QIF, camt.053, MT940)',
      0,
      { needs: 'mapping', hint: '; for another CSV give a mapping file with --mapping' },
    )
  }
  const missing = missingColumns(names)
  if (delimiter === ',' && missing.length === 0) return 'tidemark-csv'
  const reason =
    missing.length > 0
      ? `its header has no column ${missing.join(' and no ')}`
      : `its columns are separated by ${quote(delimiter)}`
  throw new StatementError(`not a Tidemark CSV: ${reason}`, 0, {
    needs: 'mapping',
    hint: '; give a mapping file with --mapping',
  })
}
