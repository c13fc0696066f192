import { addDays, dayOf, daysBetween } from '../calendar.ts'

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** Columns between the starts of two labels, beyond the label itself. */
const spacing = 4

/**
 * An axis of dates as two lines of at most `columns` characters: ticks, and below them labels of years, months or
 * days, whichever are the finest that fit.
 */
export function dateLabels(from: string, to: string, columns: number): { ticks: string; text: string } {
  const ticks = new Array<string>(columns).fill('─')
  const text = new Array<string>(columns).fill(' ')
  const span = daysBetween(from, to)
  const columnOf = (day: string) =>
    span === 0 ? Math.floor((columns - 1) / 2) : Math.floor((daysBetween(from, day) / span) * (columns - 1))

  let free = 0
  for (const { day, label } of span === 0 ? [{ day: from, label: from }] : chooseDays(from, to, columns)) {
    const column = columnOf(day)
    // Centred below its tick where there is room on both sides.
    const start = Math.min(Math.max(column - Math.floor(label.length / 2), 0), columns - label.length)
    if (start < free || start < 0) continue
    ticks[column] = '┬'
    for (let at = 0; at < label.length; at++) text[start + at] = label[at]!
    free = start + label.length + 2
  }
  return { ticks: ticks.join(''), text: text.join('').trimEnd() }
}

interface LabelledDay {
  day: string
  label: string
}

function chooseDays(from: string, to: string, columns: number): LabelledDay[] {
  const days = daysBetween(from, to)
  const most = (labelWidth: number) => Math.max(1, Math.floor(columns / (labelWidth + spacing)))
  if (days < 60) {
    const step = [1, 2, 7, 14, 28].find((each) => days / each <= most(6)) ?? 28
    return Array.from({ length: Math.floor(days / step) + 1 }, (_, at) => {
      const day = addDays(from, at * step)
      return { day, label: `${Number(day.slice(8))} ${monthOf(day)}` }
    })
  }
  // Every first of a month counts, and of years the January.
  const months = days / 30.44
  const monthStep = [1, 2, 3, 6].find((each) => months / each <= most(8))
  if (monthStep !== undefined)
    return firstsOfMonths(from, to, monthStep).map((day) => ({
      day,
      label: `${monthOf(day)} ${day.slice(0, 4)}`,
    }))
  const yearStep = [1, 2, 5, 10, 20, 50].find((each) => months / 12 / each <= most(4)) ?? 100
  return firstsOfMonths(from, to, 12)
    .filter((day) => Number(day.slice(0, 4)) % yearStep === 0)
    .map((day) => ({ day, label: day.slice(0, 4) }))
}

function firstsOfMonths(from: string, to: string, step: number): string[] {
  const firsts: string[] = []
  for (let year = Number(from.slice(0, 4)); year <= Number(to.slice(0, 4)); year++)
    for (let month = 1; month <= 12; month += step) firsts.push(dayOf(year, month, 1))
  return firsts.filter((day) => day >= from && day <= to)
}

function monthOf(day: string): string {
  return monthNames[Number(day.slice(5, 7)) - 1]!
}
