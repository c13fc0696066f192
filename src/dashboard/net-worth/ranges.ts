import { addDays, dayOf, daysInMonth, isDay } from '../../calendar.ts'

/** Ranges that end today, by name. */
export const namedRanges = ['1M', '3M', '6M', 'YTD', '1Y', '5Y', 'ALL'] as const
export type NamedRange = (typeof namedRanges)[number]

export interface Range {
  /** Undefined: from the first transaction on. */
  from: string | undefined
  /** Undefined: until today. */
  to: string | undefined
}

const months: Partial<Record<NamedRange, number>> = { '1M': 1, '3M': 3, '6M': 6, '1Y': 12, '5Y': 60 }

/** What a preference means on that day: a name, `from..to`, or `from..` until today. Anything else is a year. */
export function readRange(chosen: string, today: string): Range {
  const own = readOwnRange(chosen)
  if (own) return own
  if (chosen === 'ALL') return { from: undefined, to: undefined }
  // The value at the end of the year before is what this year began with.
  if (chosen === 'YTD') return { from: addDays(`${today.slice(0, 4)}-01-01`, -1), to: undefined }
  return { from: monthsBefore(today, months[chosen as NamedRange] ?? 12), to: undefined }
}

export type Grain = 'day' | 'week' | 'month' | 'quarter' | 'year' | 'auto'

/**
 * From the one that is wanted on. Days for a year and less, weeks for five: so that the left edge of a named range is its
 * first day, which by `auto` would be one too many. Of any other the API decides first.
 */
export function grainsOf(chosen: string): Grain[] {
  const coarse: Grain[] = ['week', 'month', 'quarter', 'year']
  if (chosen === '5Y') return coarse
  return isNamed(chosen) && chosen !== 'ALL' ? ['day', ...coarse] : ['auto', ...coarse.slice(1)]
}

/** A range that has no name; undefined where it is none. */
export function readOwnRange(chosen: string): { from: string; to: string | undefined } | undefined {
  const [, from = '', to = ''] = /^([\d-]{10})\.\.([\d-]{10})?$/.exec(chosen) ?? []
  if (!isDay(from) || !(to === '' || (isDay(to) && from <= to))) return undefined
  return { from, to: to === '' ? undefined : to }
}

/** One that ends today goes on doing so. */
export function writeRange(from: string, to: string, today: string): string {
  const [first, last] = from <= to ? [from, to] : [to, from]
  return `${first}..${last >= today ? '' : last}`
}

export function isNamed(chosen: string): chosen is NamedRange {
  return (namedRanges as readonly string[]).includes(chosen)
}

/** The same day of an earlier month, or its last one where it is shorter. */
function monthsBefore(day: string, count: number): string {
  const index = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 - count
  const [year, month] = [Math.floor(index / 12), (index % 12) + 1]
  return dayOf(year, month, Math.min(Number(day.slice(8)), daysInMonth(year, month)))
}
