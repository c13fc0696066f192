import { StatementError } from '../../errors.ts'

/** A line, a record, a field or a text node that is longer than this is not read: memory stays bounded. */
export const maxRecordLength = 1 << 20

/** Splits text that comes in pieces into lines; CR LF and LF end a line. */
export function createLineSplitter(onLine: (text: string, line: number) => void) {
  let rest = ''
  let line = 1
  const take = (text: string) => {
    if (text.length > maxRecordLength) throw new StatementError('the line is longer than 1 MiB', line)
    onLine(text.endsWith('\r') ? text.slice(0, -1) : text, line)
    line++
  }
  return {
    write(text: string) {
      let start = 0
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        take(rest + text.slice(start, end))
        rest = ''
        start = end + 1
      }
      rest += text.slice(start)
      if (rest.length > maxRecordLength + 1) throw new StatementError('the line is longer than 1 MiB', line)
    },
    end() {
      if (rest !== '') take(rest)
      rest = ''
    },
  }
}
