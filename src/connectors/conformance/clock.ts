/** A clock that stands still until everything waits for it. */
export interface FakeClock {
  now(): Date
  advance(milliseconds: number): void
  /**
   * Resolves at that moment (milliseconds since the epoch). Time goes on to the earliest such moment once nothing
   * holds it and nothing else is going on.
   */
  waitUntil(at: number): Promise<void>
  /** Time stands still until the function that comes back is called: a request is under way. */
  hold(): () => void
}

/** Turns of the event loop without an event, after which everyone is taken to be waiting. */
const quietTurns = 6

export function createFakeClock(start: string): FakeClock {
  let time = Date.parse(start)
  let sleepers: { at: number; wake: () => void }[] = []
  let held = 0
  let events = 0
  let settling = false

  async function settle(): Promise<void> {
    if (settling) return
    settling = true
    let quiet = 0
    let seen = events
    while (sleepers.length > 0 && held === 0) {
      await new Promise((resolve) => setImmediate(resolve))
      quiet = events === seen ? quiet + 1 : 0
      seen = events
      if (quiet < quietTurns || held > 0) continue
      time = Math.max(time, Math.min(...sleepers.map(({ at }) => at)))
      const due = sleepers.filter(({ at }) => at <= time)
      sleepers = sleepers.filter(({ at }) => at > time)
      for (const { wake } of due) wake()
      quiet = 0
    }
    settling = false
  }

  return {
    now: () => new Date(time),
    advance(milliseconds) {
      time += milliseconds
      events++
    },
    waitUntil(at) {
      events++
      if (at <= time) return Promise.resolve()
      return new Promise((wake) => {
        sleepers.push({ at, wake })
        void settle()
      })
    },
    hold() {
      events++
      held++
      let holding = true
      return () => {
        if (!holding) return
        holding = false
        held--
        events++
        void settle()
      }
    },
  }
}
