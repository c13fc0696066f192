/** Calendar days as ISO strings (YYYY-MM-DD), which compare as text. No function here reads the clock. */

/** The first and last day that a transaction or a price may bear. */
export const firstDay = '1900-01-01'
export const lastDay = '2199-12-31'

const isoDay = /^(\d{4})-(\d{2})-(\d{2})$/

/** True for a day that exists in the Gregorian calendar and lies between `firstDay` and `lastDay`. */
export function isDay(text: string): boolean {
  const match = isoDay.exec(text)
  if (!match || text < firstDay || text > lastDay) return false
  return Number(match[3]) <= daysInMonth(Number(match[1]), Number(match[2]))
}

export function dayOf(year: number, month: number, day: number): string {
  const pad = (value: number, width: number) => String(value).padStart(width, '0')
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`
}

export function daysInMonth(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** Days from `from` to `to`, negative where `to` lies before. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** The calendar day of an instant in an IANA time zone. */
export function dayInZone(instant: Date, timeZone: string): string {
  // The Swedish locale writes dates as ISO 8601 does.
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(timeZone, format)
  }
  return format.format(instant)
}
const formats = new Map<string, Intl.DateTimeFormat>()

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
