import { dayOf, isDay } from '../../../calendar.ts'

export const dateFormats = [
  'YYYY-MM-DD',
  'DD.MM.YYYY',
  'DD.MM.YY',
  'DD/MM/YYYY',
  'MM/DD/YYYY',
  'DD-MM-YYYY',
  'YYYY/MM/DD',
  'YYYYMMDD',
]

/** The calendar day that a cell means where days are written so; undefined where it is none. */
export function dayIn(format: string, cell: string): string | undefined {
  const pattern = format.replace(/[.]/g, '\\.').replace(/[YMD]/g, '\\d')
  if (!new RegExp(`^${pattern}$`).test(cell)) return undefined
  const part = (letters: string) => {
    const at = format.indexOf(letters)
    return at < 0 ? undefined : Number(cell.slice(at, at + letters.length))
  }
  const day = dayOf(part('YYYY') ?? centuryOf(part('YY')!), part('MM')!, part('DD')!)
  return isDay(day) ? day : undefined
}

/** Whether a column holds days: most of what stands in it reads as one. A last row may hold totals. */
export function holdsDays(cells: string[]): boolean {
  const filled = cells.filter((cell) => cell !== '')
  return daysAmong(filled).length > filled.length / 2
}

/** In which all days of a column can be read. Of several, nothing in the file tells which one is meant. */
export function fittingFormats(cells: string[]): string[] {
  const days = daysAmong(cells)
  if (days.length === 0) return []
  return dateFormats.filter((format) => days.every((cell) => dayIn(format, cell) !== undefined))
}

/** A day of the column that the formats read as different ones, where there is any. */
export function telling(cells: string[], formats: string[]): string | undefined {
  const days = daysAmong(cells)
  return days.find((cell) => new Set(formats.map((format) => dayIn(format, cell))).size > 1) ?? days[0]
}

function daysAmong(cells: string[]): string[] {
  return cells.filter((cell) => dateFormats.some((format) => dayIn(format, cell) !== undefined))
}

/** As the server takes it. */
function centuryOf(year: number): number {
  return year < 70 ? 2000 + year : 1900 + year
}
