import { createLineSplitter } from './lines.ts'

export interface Mt940Field {
  tag: string
  lines: string[]
  line: number
}

/** What is kept of one field; the standard has six lines of 65 places at most. */
const maxFieldLines = 200
const maxFieldLine = 2_000

const fieldStart = /^\x01?:(20|21|25P?|28C?|60[FM]|61|62[FM]|64|65F?|86|13[CD]?|34F|90[CD]|NS):(.*)$/
// A message ends with `-` or `-}`; a block header in braces begins the next one.
const messageEnd = /^(?:-\s*$|-\}|\x01?\{\d:)/

/**
 * Splits MT940 text into fields; undefined marks the end of a message. Lines outside a field (SWIFT block
 * headers, `ABNANL2A`, `:940:`) are passed over.
 */
export function createMt940Fields(onField: (field: Mt940Field | undefined) => void) {
  let field: Mt940Field | undefined
  const flush = () => {
    if (field) onField(field)
    field = undefined
  }
  const lines = createLineSplitter((raw, line) => {
    const text = raw.replace(/\x03/g, '')
    const start = fieldStart.exec(text)
    if (start) {
      flush()
      field = { tag: start[1]!, lines: [start[2]!.slice(0, maxFieldLine)], line }
    } else if (messageEnd.test(text)) {
      flush()
      onField(undefined)
    } else if (field && field.lines.length < maxFieldLines) field.lines.push(text.slice(0, maxFieldLine))
  })
  return {
    write: lines.write,
    end() {
      lines.end()
      flush()
      onField(undefined)
    },
  }
}
