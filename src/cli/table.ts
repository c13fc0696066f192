import Big from 'big.js'

export interface TableOptions {
  head: string[]
  /** One a column; a column beyond is aligned left. */
  align: ('left' | 'right')[]
  /** Most columns of the terminal that a line may take; left-aligned cells are cut to fit, numbers never. */
  width?: number
}

const gap = '  '
/** Below this a cut cell says nothing. */
const narrowest = 6

/** Rows below their head and a rule, without a newline at the end and without blanks at the end of a line. */
export function formatTable(rows: string[][], { head, align, width }: TableOptions): string {
  const widths = head.map((title, column) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[column] ?? ''))),
  )
  if (width !== undefined) narrow(widths, align, width)
  const line = (cells: string[]) =>
    widths
      .map((columnWidth, column) => {
        const cell = cut(cells[column] ?? '', columnWidth)
        const blanks = ' '.repeat(columnWidth - displayWidth(cell))
        return align[column] === 'right' ? blanks + cell : cell + blanks
      })
      .join(gap)
      .trimEnd()
  const rule = widths.map((columnWidth) => '─'.repeat(columnWidth)).join(gap)
  return [line(head), rule, ...rows.map(line)].join('\n')
}

/** Takes from the widest left-aligned column until the line fits or nothing can be taken. */
function narrow(widths: number[], align: TableOptions['align'], limit: number): void {
  const total = () => widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1))
  while (total() > limit) {
    let widest = -1
    widths.forEach((each, column) => {
      if (align[column] !== 'right' && each > narrowest && each > (widths[widest] ?? 0)) widest = column
    })
    if (widest === -1) return
    widths[widest]!--
  }
}

/** `text` within a number of columns, its end replaced by an ellipsis where it is longer. */
function cut(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment)
    if (used > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}

/** Columns that a terminal takes for a text: two for wide East Asian characters and emoji, one for any other. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let columns = 0
  for (const { segment } of graphemes.segment(text)) columns += graphemeWidth(segment)
  return columns
}
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}/u

function graphemeWidth(grapheme: string): number {
  if (/^[\p{Cc}\p{Cf}\p{Mn}]+$/u.test(grapheme)) return 0
  return wide.test(grapheme) ? 2 : 1
}

/**
 * A decimal string for people: thousands grouped, two decimals, rounded half away from zero. An amount that would
 * come out as zero shows its first two digits instead (`0.000012`).
 */
export function formatMoney(decimal: string, currency?: string): string {
  const amount = new Big(decimal)
  const rounded = amount.round(2, Big.roundHalfUp)
  const shown =
    rounded.eq(0) && !amount.eq(0) ? amount.prec(2, Big.roundHalfUp).toFixed() : rounded.abs().toFixed(2)
  const [whole = '', fraction = ''] = shown.replace('-', '').split('.')
  const sign = amount.lt(0) ? '-' : ''
  const grouped = `${sign}${whole.replace(/\B(?=(?:\d{3})+$)/g, ',')}.${fraction}`
  return currency === undefined ? grouped : `${grouped} ${currency}`
}
