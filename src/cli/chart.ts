import { dateLabels } from './chart-dates.ts'
import { valueScale } from './chart-scale.ts'

export interface ChartPoint {
  /** YYYY-MM-DD. */
  date: string
  /** Decimal string. */
  value: string
}

export interface ChartOptions {
  /** Columns and rows of the terminal that the chart may take. */
  width: number
  height: number
  colour: boolean
  /** Stands above the axis of values. */
  currency: string
}

const colours = { axis: '\x1b[2m', line: '\x1b[36m', loss: '\x1b[31m', end: '\x1b[0m' }
/** Bits of the eight dots of a Braille character (U+2800), by column and row. */
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const

/**
 * A line over time in Braille characters, without a newline at its end and without blanks at the end of a line.
 * Points may come in any order; the distance between two is the time between their dates. What lies below zero is
 * red where colour is wanted.
 */
export function drawChart(points: ChartPoint[], { width, height, colour, currency }: ChartOptions): string {
  if (points.length === 0) return 'No data to draw.'
  const sorted = points.toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0))
  // JavaScript numbers are good enough here: a dot of the chart is far coarser than their precision.
  const values = sorted.map((point) => Number(point.value))
  const days = sorted.map((point) => Date.parse(`${point.date}T00:00:00Z`) / 86_400_000)

  const rows = Math.max(height - 3, 3)
  const scale = valueScale(Math.min(...values), Math.max(...values), rows)
  const labelWidth = Math.max(currency.length, ...scale.ticks.map(({ label }) => label.length))
  const columns = Math.max(width - labelWidth - 2, 8)
  const first = days[0]!
  const span = days.at(-1)! - first

  const canvas = createCanvas(columns, rows)
  const across = (day: number) => (span === 0 ? columns : ((day - first) / span) * (columns * 2 - 1))
  const down = (value: number) => ((scale.high - value) / (scale.high - scale.low)) * (rows * 4 - 1)
  values.forEach((value, at) => {
    const from = Math.max(at - 1, 0)
    canvas.line(across(days[from]!), down(values[from]!), across(days[at]!), down(value))
  })

  const rowOf = (value: number) => Math.floor(Math.round(down(value)) / 4)
  const zeroRow = scale.low < 0 && scale.high > 0 ? rowOf(0) : -1
  const labels = new Map(scale.ticks.map(({ value, label }) => [rowOf(value), label]))
  const paint = (text: string, style: keyof typeof colours) =>
    colour && text !== '' ? `${colours[style]}${text}${colours.end}` : text

  const lines = [paint(currency.padStart(labelWidth), 'axis')]
  for (let row = 0; row < rows; row++) {
    const label = labels.get(row)
    const axis = `${(label ?? '').padStart(labelWidth)} ${row === zeroRow ? '┼' : label === undefined ? '│' : '┤'}`
    const line = canvas.row(row, row === zeroRow ? '╌' : ' ').trimEnd()
    // A single dot of a Braille character is easily overlooked.
    const plotted = values.length === 1 ? line.replace(/[\u2801-\u28ff]/, '●') : line
    const style = zeroRow !== -1 && row > zeroRow ? 'loss' : 'line'
    const drawn = plotted.replace(/╌+|[^╌]+/g, (part) => paint(part, part.startsWith('╌') ? 'axis' : style))
    lines.push(paint(axis, 'axis') + drawn)
  }
  const { ticks, text } = dateLabels(sorted[0]!.date, sorted.at(-1)!.date, columns)
  lines.push(paint(`${' '.repeat(labelWidth + 1)}└${ticks}`, 'axis'))
  lines.push(paint(`${' '.repeat(labelWidth + 2)}${text}`, 'axis'))
  return lines.join('\n')
}

/** Dots, two a column and four a row. */
function createCanvas(columns: number, rows: number) {
  const cells = Array.from({ length: rows }, () => new Array<number>(columns).fill(0))
  const set = (x: number, y: number) => {
    const row = cells[y >> 2]
    const column = x >> 1
    if (row && column >= 0 && column < columns)
      row[column]! |= dots[(x & 1) as 0 | 1][(y & 3) as 0 | 1 | 2 | 3]
  }
  return {
    line(fromX: number, fromY: number, toX: number, toY: number) {
      const steps = Math.max(1, Math.ceil(Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY))))
      for (let step = 0; step <= steps; step++) {
        const share = step / steps
        set(Math.round(fromX + (toX - fromX) * share), Math.round(fromY + (toY - fromY) * share))
      }
    },
    row: (row: number, empty: string) =>
      cells[row]!.map((bits) => (bits === 0 ? empty : String.fromCharCode(0x2800 + bits))).join(''),
  }
}
