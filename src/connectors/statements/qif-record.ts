import { StatementError } from '../../errors.ts'
import { createLineSplitter, maxRecordLength } from './lines.ts'

/** One record of a QIF file: what stands behind each letter; of a letter that occurs again, the first counts. */
export interface QifRecord {
  line: number
  fields: Map<string, string>
}

export interface QifHandler {
  /** A line that begins with `!`, without it. */
  header(text: string, line: number): void
  record(record: QifRecord): void
}

/** Splits QIF text into headers and records; `^` ends a record. The amounts of splits ($ behind an S) are left out. */
export function createQifRecords(handler: QifHandler) {
  let record: QifRecord | undefined
  let inSplits = false
  let length = 0
  const flush = () => {
    if (record) handler.record(record)
    record = undefined
    inSplits = false
    length = 0
  }
  const lines = createLineSplitter((text, line) => {
    const letter = text[0]
    if (letter === undefined) return
    if (letter === '!') {
      flush()
      return handler.header(text.slice(1).trim(), line)
    }
    if (letter === '^') return flush()
    record ??= { line, fields: new Map() }
    length += text.length
    if (length > maxRecordLength) throw new StatementError('the record is longer than 1 MiB', record.line)
    if (letter === 'S') inSplits = true
    if (inSplits && letter === '$') return
    if (!record.fields.has(letter)) record.fields.set(letter, text.slice(1).trim())
  })
  return {
    write: lines.write,
    end() {
      lines.end()
      // A file that was cut would otherwise give half of its last amount.
      if (record) throw new StatementError('the file ends inside a record: no ^ ends it', record.line)
    },
  }
}
