export interface Progress {
  /** `total` where it is known. */
  update(done: number, total?: number): void
  /** The last word, if there is one: replaces the line on a terminal. */
  finish(summary?: string): void
}

export interface ProgressOptions {
  stream: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean; columns?: number }
  /** Milliseconds. */
  clock: () => number
  label: string
  /** What is counted; rows unless it is told. */
  unit?: string
}

const terminalInterval = 100
const plainInterval = 5000
const widestBar = 24
const narrowestBar = 6

/**
 * Shows how far long work has come: on a terminal one line, rewritten at most ten times a second, elsewhere plain
 * lines, at most one every five seconds.
 */
export function createProgress({ stream, clock, label, unit = 'rows' }: ProgressOptions): Progress {
  const terminal = stream.isTTY === true
  const started = clock()
  // The first line of a terminal comes at once; elsewhere short work leaves its summary alone.
  let shownAt = terminal ? Number.NEGATIVE_INFINITY : started
  let finished = false

  return {
    update(done, total) {
      const now = clock()
      if (finished || now - shownAt < (terminal ? terminalInterval : plainInterval)) return
      shownAt = now
      const parts = describe(done, total, (now - started) / 1000, unit)
      if (!terminal) {
        stream.write(`${label}: ${parts.join(', ')}\n`)
        return
      }
      // A line that reached the last column would wrap, and could not be rewritten.
      const room = (stream.columns ?? 80) - 1
      const text = parts.join('  ')
      const columns = Math.min(widestBar, room - label.length - text.length - 4)
      const share = total !== undefined && total > 0 ? Math.min(done / total, 1) : undefined
      const line =
        share === undefined || columns < narrowestBar ? [label, text] : [label, bar(share, columns), text]
      stream.write(`\r${line.join('  ').slice(0, room)}\x1b[K`)
    },
    finish(summary) {
      if (finished) return
      finished = true
      stream.write(`${terminal ? '\r\x1b[K' : ''}${summary === undefined ? '' : `${summary}\n`}`)
    },
  }
}

/** `45%`, `12,000 of 30,000 rows`, `4,000 rows/s`, `5 s left`: as much of it as is known. */
function describe(done: number, total: number | undefined, seconds: number, unit: string): string[] {
  const rate = seconds > 0 ? done / seconds : 0
  const parts: string[] = []
  if (total === undefined) parts.push(`${count(done)} ${unit}`)
  else {
    if (total > 0) parts.push(`${Math.floor((Math.min(done, total) / total) * 100)}%`)
    parts.push(`${count(done)} of ${count(total)} ${unit}`)
  }
  if (rate > 0) {
    if (rate >= 1) parts.push(`${count(Math.round(rate))} ${unit}/s`)
    if (total !== undefined && total > done) parts.push(`${duration((total - done) / rate)} left`)
  }
  return parts
}

function bar(share: number, columns: number): string {
  const filled = Math.floor(share * columns)
  return `${'█'.repeat(filled)}${'░'.repeat(columns - filled)}`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
