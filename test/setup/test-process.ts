import type { Connector } from '../../src/connectors/connector.ts'
import type { Scheduler } from '../../src/scheduler/scheduler.ts'
import type { TestDatabase } from './database.ts'
import { type TestScheduler, testScheduler } from './scheduling.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What a sync waits for: each is one of these. */
export interface Step {
  kind: 'sql' | 'fetch' | 'sleep'
  /** The beginning of the statement, or the address. */
  label: string
}

/** Decides when a step is taken, and whether its outcome is ever heard of. */
export type Around = <Result>(step: Step, take: () => Promise<Result>) => Promise<Result>

export const never = new Promise<never>(() => {})

/**
 * A scheduler as of a process of its own, every step of which goes through `around`. It sleeps by moving the clock on,
 * since nobody else is awake.
 */
export function testProcess(
  db: TestDatabase,
  clock: VirtualClock,
  providers: { connector: Connector; host: string }[],
  around: Around,
  parts: Partial<Scheduler> = {},
): TestScheduler {
  const scheduler = testScheduler({ ...db, sql: steppedSql(db.sql, around) }, clock, providers, {
    smooth: async () => () => {},
    ...parts,
  })
  const { fetch } = scheduler
  return {
    ...scheduler,
    sleep: (milliseconds) =>
      around({ kind: 'sleep', label: `${milliseconds} ms` }, async () =>
        clock.moveTo(new Date(clock.now().getTime() + milliseconds)),
      ),
    // Read to its end: that an answer has arrived is one moment here, as with a process that reads it.
    fetch: ((url: string | URL, init?: RequestInit) =>
      around({ kind: 'fetch', label: String(url) }, async () => {
        const response = await fetch(url, init)
        const body = await response.arrayBuffer()
        const { status, headers } = response
        return new Response(body, { status, headers })
      })) as typeof globalThis.fetch,
  }
}

/** Statements are steps when they are waited for; fragments are none. */
function steppedSql<Sql extends object>(sql: Sql, around: Around): Sql {
  return new Proxy(sql, {
    apply: (target, self, args: [{ raw?: unknown } & readonly string[]]) => {
      const made = Reflect.apply(target as never, self, args) as object
      const label = args[0].raw === undefined ? '' : String(args[0][0]).replaceAll(/\s+/g, ' ').trim()
      if (!/^(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(label)) return made
      return new Proxy(made, {
        get(query, name) {
          const value = Reflect.get(query, name)
          if (typeof value !== 'function') return value
          const bound = value.bind(query)
          if (name !== 'then') return bound
          return (...handlers: Parameters<Promise<unknown>['then']>) =>
            around(
              { kind: 'sql', label },
              () => new Promise((resolve, reject) => bound(resolve, reject)),
            ).then(...handlers)
        },
      })
    },
  })
}

/** Counts the steps and does nothing else. */
export function countingSteps(): { around: Around; steps: Step[] } {
  const steps: Step[] = []
  return {
    steps,
    around: (step, take) => {
      steps.push(step)
      return take()
    },
  }
}

/**
 * As by kill -9 at the n-th step (from 1): before it has any effect, or when it has had it. `death` resolves when
 * nothing of the process is under way any more.
 */
export function dyingAt(n: number, when: 'before' | 'after') {
  const steps: Step[] = []
  let dead = false
  let underWay = 0
  let tell = () => {}
  const death = new Promise<'dead'>((resolve) => {
    tell = () => resolve('dead')
  })
  const around: Around = async (step, take) => {
    if (dead) return never
    steps.push(step)
    const isLast = steps.length === n
    dead ||= isLast
    underWay++
    const [outcome] = await Promise.allSettled(isLast && when === 'before' ? [] : [take()])
    underWay--
    if (dead) {
      if (underWay === 0) tell()
      return never
    }
    if (outcome!.status === 'rejected') throw outcome!.reason
    return outcome!.value
  }
  return { around, death, steps }
}

/** Stops in front of the n-th step (from 1), and goes on from there when it is woken. */
export function frozenAt(n: number) {
  const steps: Step[] = []
  let arrive = () => {}
  const arrived = new Promise<'frozen'>((resolve) => {
    arrive = () => resolve('frozen')
  })
  let wake = () => {}
  const woken = new Promise<void>((resolve) => {
    wake = resolve
  })
  const around: Around = async (step, take) => {
    steps.push(step)
    if (steps.length === n) {
      arrive()
      await woken
    }
    return take()
  }
  return { around, arrived, steps, wake: () => wake() }
}

/** Runs trials for the steps from 1 on, some at once, until one says that its process ended before its step. */
export async function forEveryStep(trial: (n: number) => Promise<'stopped' | 'ended'>): Promise<number> {
  const atOnce = 6
  for (let stopped = 0, n = 1; ; n += atOnce) {
    const ends = await Promise.all(Array.from({ length: atOnce }, (_, index) => trial(n + index)))
    stopped += ends.filter((end) => end === 'stopped').length
    if (ends.includes('ended')) return stopped
  }
}
