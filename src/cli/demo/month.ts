import { addDays, dayOf, daysInMonth } from '../../calendar.ts'
import type { Ledger } from './ledger.ts'
import type { Market } from './market.ts'
import type { Random } from './random.ts'

/** The household's accounts. */
export type Books = Record<
  | 'checking'
  | 'savings'
  | 'joint'
  | 'pounds'
  | 'card'
  | 'carLoan'
  | 'flat'
  | 'mortgage'
  | 'brokerage'
  | 'coins',
  Ledger
>

/** What a part of the household's life is posted from: one calendar month. */
export interface Month {
  year: number
  /** 1 to 12. */
  number: number
  /** Whole years since the household's first day. */
  yearsIn: number
  /** `2024-03`. */
  label: string
  /** A day of the month; beyond its end, the last one. */
  day(number: number): string
  /** The first day from Monday to Friday on or after that day; at the end of the month, the last one. */
  workday(number: number): string
  /** Every day of the month, with 0 for Sunday to 6 for Saturday. */
  days: { day: string; weekday: number }[]
  books: Books
  market: Market
  /** A stream of numbers for this month and topic alone, so that no part of life moves another. */
  random(topic: string): Random
}

export function monthsOf(from: string, to: string, books: Books, market: Market, random: Random): Month[] {
  const firstYear = Number(from.slice(0, 4))
  const months: Month[] = []
  for (let year = firstYear, number = 1; dayOf(year, number, 1) <= to; ) {
    const length = daysInMonth(year, number)
    const first = dayOf(year, number, 1)
    const label = first.slice(0, 7)
    const weekday = new Date(`${first}T00:00:00Z`).getUTCDay()
    const days = Array.from({ length }, (_, at) => ({ day: addDays(first, at), weekday: (weekday + at) % 7 }))
    const workdays = days.filter((each) => each.weekday !== 0 && each.weekday !== 6).map(({ day }) => day)
    const dayAt = (day: number) => `${label}-${String(Math.min(day, length)).padStart(2, '0')}`
    months.push({
      year,
      number,
      yearsIn: year - firstYear,
      label,
      day: dayAt,
      workday: (day) => workdays.find((each) => each >= dayAt(day)) ?? workdays.at(-1)!,
      days,
      books,
      market,
      random: (topic) => random.fork(`${topic} ${label}`),
    })
    if (++number > 12) {
      number = 1
      year++
    }
  }
  return months
}
