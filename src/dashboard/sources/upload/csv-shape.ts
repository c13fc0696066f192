/** What of a CSV shows in its beginning: enough to ask which of its columns is what. */
export interface CsvShape {
  encoding: string
  delimiter: string
  /** Lines above the header. */
  skipLines: number
  columns: CsvColumn[]
}

export interface CsvColumn {
  name: string
  /** Of all rows that were looked at, from the first one on. */
  cells: string[]
}

/** As much as is looked at. */
export const headLength = 64 * 1024

/** Undefined where the text is in no columns. */
export function csvShapeOf(head: Uint8Array): CsvShape | undefined {
  const { text, encoding } = decode(head)
  const lines = text.split(/\r?\n/)
  // Of a longer file the last line is cut off somewhere.
  if (head.length >= headLength) lines.pop()
  const tables = [';', ',', '\t', '|'].map((delimiter) => ({
    delimiter,
    rows: lines.map((line) => cellsOf(line, delimiter)),
  }))
  const [best] = tables.toSorted((a, b) => widthOf(b.rows) - widthOf(a.rows))
  const width = best ? widthOf(best.rows) : 0
  if (!best || width < 2) return undefined
  // Above the header stand lines of another width: the account, the period.
  const full = best.rows.findIndex(({ length }) => length === width)
  // Some banks close each row with a delimiter, and the header without one.
  const isClosed = best.rows[full]?.at(-1) === '' && best.rows[full - 1]?.length === width - 1
  const skipLines = isClosed ? full - 1 : full
  const [header = [], ...rows] = best.rows.slice(skipLines).filter((row) => row.length > 1)
  const records = rows.filter(({ length }) => Math.abs(length - header.length) <= 1)
  const columns = header.map((name, index) => ({ name, cells: records.map((row) => row[index] ?? '') }))
  return { encoding, delimiter: best.delimiter, skipLines, columns }
}

function decode(head: Uint8Array): { text: string; encoding: string } {
  try {
    // What is cut off in the middle of a character is still to come.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return { text, encoding: 'utf-8' }
  } catch {
    return { text: new TextDecoder('windows-1252').decode(head), encoding: 'windows-1252' }
  }
}

/** The number of cells that most lines of more than one have; the wider one where it is a draw. */
function widthOf(rows: string[][]): number {
  const counts = new Map<number, number>()
  for (const { length } of rows) if (length > 1) counts.set(length, (counts.get(length) ?? 0) + 1)
  const [width = 0] = [...counts].toSorted((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? []
  return width
}

function cellsOf(line: string, delimiter: string): string[] {
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (const each of line) {
    if (each === '"') quoted = !quoted
    else if (each === delimiter && !quoted) {
      cells.push(cell.trim())
      cell = ''
    } else cell += each
  }
  return [...cells, cell.trim()]
}
