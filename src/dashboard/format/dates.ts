import { serverNow } from '../server-time.ts'

/** Days of the calendar (YYYY-MM-DD) and instants as the reader writes them. */

const day = lazily(() => new Intl.DateTimeFormat(locales(), { dateStyle: 'medium', timeZone: 'UTC' }))
const month = lazily(
  () => new Intl.DateTimeFormat(locales(), { month: 'long', year: 'numeric', timeZone: 'UTC' }),
)
const relative = lazily(() => new Intl.RelativeTimeFormat(locales(), { numeric: 'auto' }))

export function formatDay(text: string): string {
  return day().format(noonOf(text))
}

/** `April 2023`. */
export function formatMonth(text: string): string {
  return month().format(noonOf(text))
}

/** In the user's own time zone. */
export function formatInstant(text: string, timeZone: string): string {
  const style = { dateStyle: 'medium', timeStyle: 'short', timeZone } as const
  return new Intl.DateTimeFormat(locales(), style).format(new Date(text))
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** `3 hours ago`, `in 5 minutes`, `now`. */
export function formatAgo(text: string, now = serverNow()): string {
  const distance = Date.parse(text) - now
  for (const [unit, length] of steps)
    if (Math.abs(distance) >= length) return relative().format(Math.trunc(distance / length), unit)
  return relative().format(0, 'second')
}

function noonOf(text: string): Date {
  return new Date(`${text}T12:00:00Z`)
}

function locales(): string[] {
  return navigator.languages as string[]
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
