import { formatInstant } from '../format/dates.ts'

/** Numbers and spans of time as the reader writes them. None of them is money. */

export function formatCount(count: number): string {
  return new Intl.NumberFormat(locales()).format(count)
}

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** `12.4 MiB`. */
export function formatBytes(bytes: number): string {
  const step = bytes === 0 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  const digits = { maximumFractionDigits: step === 0 ? 0 : 1 }
  return `${new Intl.NumberFormat(locales(), digits).format(bytes / 1024 ** step)} ${units[step]}`
}

/**
 * How the bytes that rows take compare with those that they are kept in: `12.4x smaller`, `About as large`,
 * `1.3x larger`.
 */
export function formatRatio(before: number, after: number): string {
  const times = new Intl.NumberFormat(locales(), { maximumFractionDigits: 1 })
  const ratio = Math.max(before / after, after / before)
  // Of what is rounded to `1x`, neither word would be true.
  if (!(ratio >= 1.05)) return 'About as large'
  return `${times.format(ratio)}x ${before > after ? 'smaller' : 'larger'}`
}

const spans: [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** `a minute`, `15 minutes`: the largest unit of which it is a whole number. */
export function formatSpan(milliseconds: number): string {
  const [unit, length] = spans.find(([, each]) => milliseconds % each === 0) ?? ['millisecond', 1]
  const count = milliseconds / length
  if (count === 1) return `${unit === 'hour' ? 'an' : 'a'} ${unit}`
  return `${formatCount(count)} ${unit}s`
}

/** `9 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${seconds % 60 ? ` ${seconds % 60} s` : ''}`
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`
}

/** An operator has no time zone of their own: that of the device. */
export function formatMoment(instant: string): string {
  return formatInstant(instant, Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** `14:05:09`. */
export function formatClock(instant: string): string {
  return new Intl.DateTimeFormat(locales(), { timeStyle: 'medium' }).format(new Date(instant))
}

/** `1 user`, `2,000 users`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

function locales(): string[] {
  return navigator.languages as string[]
}
