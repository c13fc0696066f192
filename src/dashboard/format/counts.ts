/** Counts and spans of time as the reader writes numbers. None of them is money. */

export function formatCount(count: number): string {
  return new Intl.NumberFormat(navigator.languages as string[]).format(count)
}

/** `1 user`, `2,000 users`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
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
