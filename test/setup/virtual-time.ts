import type { VirtualClock } from './virtual-clock.ts'

/** Counts what is under way outside of this process's own code, so that time is moved only while nothing is. */
export interface Activity {
  track<Result>(work: PromiseLike<Result>): Promise<Result>
  busy(): number
}

export function createActivity(): Activity {
  let busy = 0
  return {
    async track(work) {
      busy++
      try {
        return await work
      } finally {
        busy--
      }
    },
    busy: () => busy,
  }
}

/** A fetch whose requests count as activity until their answer was read. */
export function trackedFetch(fetch: typeof globalThis.fetch, activity: Activity): typeof globalThis.fetch {
  return ((url: string | URL, init?: RequestInit) =>
    activity.track(
      (async () => {
        const response = await fetch(url, init)
        const body = await response.arrayBuffer()
        const { status, headers } = response
        return new Response([204, 304].includes(status) ? null : body, { status, headers })
      })(),
    )) as typeof globalThis.fetch
}

/** A client of the database whose statements count as activity. */
export function trackedSql<Sql extends (...args: never[]) => unknown>(sql: Sql, activity: Activity): Sql {
  const track = (made: unknown) => {
    const query = made as PromiseLike<unknown>
    if (typeof query?.then !== 'function') return made
    return new Proxy(query as object, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        const bound = value.bind(target)
        if (name !== 'then') return bound
        // A fragment is never waited for; a statement begins when it is.
        return (...handlers: Parameters<PromiseLike<unknown>['then']>) =>
          activity.track(new Promise((resolve, reject) => bound(resolve, reject))).then(...handlers)
      },
    })
  }
  return new Proxy(sql, {
    apply: (target, self, args: never[]) => {
      const isStatement = Array.isArray(args[0]) && 'raw' in (args[0] as object)
      const made = Reflect.apply(target, self, args)
      return isStatement && !insideFragment(args[0]!) ? track(made) : made
    },
  })
}

/** Statements begin with a verb; what is put into them does not. */
function insideFragment(strings: readonly string[]): boolean {
  return !/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CALL)\b/i.test(strings[0] ?? '')
}

/** Resolves when nothing is under way and nothing has begun for some turns of the event loop. */
export async function quiet(activity: Activity): Promise<void> {
  for (let turns = 0; turns < 4; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (activity.busy() > 0) {
      turns = -1
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
  }
}

/** Moves time on from sleeper to sleeper, whenever nothing is under way, until `end`. */
export async function runUntil(end: Date, clock: VirtualClock, activity: Activity): Promise<void> {
  for (;;) {
    await quiet(activity)
    const next = clock.next()
    if (next === undefined || next > end) break
    clock.moveTo(next)
  }
  clock.moveTo(end)
  await quiet(activity)
}
