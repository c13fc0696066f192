/** A clock that a test moves: what sleeps by it wakes when the test has come to that time. */
export interface VirtualClock {
  now: () => Date
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Wakes everyone who sleeps until then, in the order of their times. */
  moveTo(instant: Date): void
  /** When the next sleeper wakes. */
  next(): Date | undefined
}

export function createVirtualClock(start: Date): VirtualClock {
  let now = start.getTime()
  const sleepers = new Set<{ at: number; wake: () => void }>()
  return {
    now: () => new Date(now),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const stop = () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        }
        const sleeper = {
          at: now + milliseconds,
          wake: () => {
            sleepers.delete(sleeper)
            signal.removeEventListener('abort', stop)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal.addEventListener('abort', stop, { once: true })
      }),
    moveTo(instant) {
      now = Math.max(now, instant.getTime())
      for (const sleeper of [...sleepers].toSorted((a, b) => a.at - b.at)) {
        if (sleeper.at <= now) sleeper.wake()
      }
    },
    next() {
      const times = [...sleepers].map(({ at }) => at)
      return times.length === 0 ? undefined : new Date(Math.min(...times))
    },
  }
}
