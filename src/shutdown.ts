/**
 * One place where everything that runs says how it stops. Stops run in reverse order of registration, so that what
 * was opened last closes first; every one runs even if another fails.
 */
export interface Shutdown {
  /** Aborted once stopping has begun. */
  signal: AbortSignal
  register(stop: () => Promise<void>): void
  stop(): Promise<void>
}

export function createShutdown(): Shutdown {
  const controller = new AbortController()
  const stops: (() => Promise<void>)[] = []
  let stopping: Promise<void> | undefined
  let stopped = false

  async function stopAll(): Promise<void> {
    controller.abort()
    const faults: unknown[] = []
    stopped = false
    for (let stop = stops.pop(); stop; stop = stops.pop()) {
      await stop().catch((fault: unknown) => faults.push(fault))
    }
    stopped = true
    if (faults.length > 0)
      throw faults.length === 1 ? faults[0] : new AggregateError(faults, 'stopping failed')
  }

  return {
    signal: controller.signal,
    register(stop) {
      stops.push(stop)
      // What is opened while everything stops is stopped at once.
      if (stopped) stopping = stopAll()
    },
    stop: () => (stopping ??= stopAll()),
  }
}
