import { formatInstant } from '../format/dates.ts'

/** Sizes and moments as an operator reads them. */

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

/** An operator has no time zone of their own: that of the device. */
export function formatMoment(instant: string): string {
  return formatInstant(instant, Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** `14:05:09`. */
export function formatClock(instant: string): string {
  return new Intl.DateTimeFormat(locales(), { timeStyle: 'medium' }).format(new Date(instant))
}

function locales(): string[] {
  return navigator.languages as string[]
}
