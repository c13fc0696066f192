import { StatementError } from '../../errors.ts'
import { maxRecordLength } from './lines.ts'

export interface CsvRowHandler {
  row(cells: string[], line: number): void
  /** A row whose quoting is broken; reading goes on with the next line. */
  fault(reason: string, line: number): void
}

/**
 * Splits CSV text (RFC 4180: quoted fields, doubled quotes, CR LF or LF) that comes in pieces into rows. Empty
 * lines are passed over. It stands in for csv-parse because a row without quotes is split in one go, which is
 * several times as fast, and because every row has its line without a record object around it.
 */
export function createCsvRows(
  handler: CsvRowHandler,
  { delimiter = ',', skipLines = 0 }: { delimiter?: string; skipLines?: number } = {},
) {
  let buffer = ''
  let line = 1

  const consume = (final: boolean) => {
    let start = 0
    let quote = buffer.indexOf('"')
    while (start < buffer.length) {
      let end = buffer.indexOf('\n', start)
      if (end === -1) {
        if (!final) break
        end = buffer.length
      }
      if (line <= skipLines) {
        line++
        start = end + 1
        continue
      }
      if (quote !== -1 && quote < start) quote = buffer.indexOf('"', start)
      if (quote !== -1 && quote < end) {
        const row = splitQuoted(buffer, start, delimiter, final)
        if (row === undefined) {
          if (final) throw new StatementError('a quoted field is not closed', line)
          break
        }
        checkLength(row.end - start)
        if ('fault' in row) handler.fault(row.fault, line)
        else handler.row(row.cells, line)
        line += row.lines
        start = row.end
        continue
      }
      checkLength(end - start)
      const text = buffer.slice(start, end > start && buffer.charCodeAt(end - 1) === 13 ? end - 1 : end)
      if (text !== '') handler.row(text.split(delimiter), line)
      line++
      start = end + 1
    }
    buffer = buffer.slice(start)
    checkLength(buffer.length)
  }

  const checkLength = (length: number) => {
    if (length > maxRecordLength)
      throw new StatementError('the line or its quoted field is longer than 1 MiB', line)
  }

  return {
    write(text: string) {
      buffer += text
      consume(false)
    },
    end() {
      consume(true)
    },
  }
}

type QuotedRow = { end: number; lines: number } & ({ cells: string[] } | { fault: string })

/** The row at `start`, with at least one quote in it; undefined where it goes on behind the text. */
function splitQuoted(text: string, start: number, delimiter: string, final: boolean): QuotedRow | undefined {
  const cells: string[] = []
  let at = start
  let lines = 1
  for (;;) {
    let end: number
    if (text[at] === '"') {
      let from = at + 1
      let closing: number
      for (;;) {
        closing = text.indexOf('"', from)
        if (closing === -1 || (closing === text.length - 1 && !final)) return undefined
        if (text[closing + 1] !== '"') break
        from = closing + 2
      }
      let cell = text.slice(at + 1, closing)
      if (from > at + 1) cell = cell.replaceAll('""', '"')
      for (let n = cell.indexOf('\n'); n !== -1; n = cell.indexOf('\n', n + 1)) lines++
      cells.push(cell)
      end = closing + 1
      if (text[end] === '\r') {
        if (end + 1 === text.length && !final) return undefined
        if (end + 1 === text.length || text[end + 1] === '\n') end++
      }
    } else {
      const newline = text.indexOf('\n', at)
      const separator = text.indexOf(delimiter, at)
      if (separator !== -1 && (newline === -1 || separator < newline)) end = separator
      else if (newline !== -1) end = newline
      else if (final) end = text.length
      else return undefined
      cells.push(text.slice(at, end !== separator && end > at && text[end - 1] === '\r' ? end - 1 : end))
    }
    if (end >= text.length) {
      return final ? { end: text.length, lines, cells } : undefined
    }
    if (text[end] === '\n') return { end: end + 1, lines, cells }
    if (!text.startsWith(delimiter, end)) {
      const newline = text.indexOf('\n', end)
      if (newline === -1 && !final) return undefined
      return { end: newline === -1 ? text.length : newline + 1, lines, fault: 'text follows a closing quote' }
    }
    at = end + delimiter.length
  }
}
