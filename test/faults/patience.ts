import { setTimeout as wait } from 'node:timers/promises'
import { ApiProblem } from '../../src/client/problem.ts'
import { type Counts, createCounts } from './tell.ts'

/** Milliseconds between two attempts: sooner than Retry-After asks for, to see when an answer is first possible. */
const pause = 50

export interface Patience {
  /** Attempts until one is answered as asked; throws at once what no patience helps against. */
  untilAnswered<Answer>(kind: string, attempt: () => Promise<Answer>): Promise<Answer>
  answered: Counts
  retried: Counts
  /** The database is there again: what is answered from now on counts as of now. */
  restarted(): void
  /** Milliseconds from the last restart to the first answer of each kind. */
  firstAnswers: ReadonlyMap<string, number>
  /** Milliseconds from a restart to the answer of what had been refused before it, the longest. */
  slowestRetry(): number
}

export function createPatience(): Patience {
  const answered = createCounts()
  const retried = createCounts()
  const firstAnswers = new Map<string, number>()
  let since = performance.now()
  let slowestRetry = 0
  return {
    answered,
    retried,
    firstAnswers,
    slowestRetry: () => slowestRetry,
    restarted() {
      since = performance.now()
      firstAnswers.clear()
    },
    async untilAnswered(kind, attempt) {
      let begin = performance.now()
      for (let tries = 1; ; tries++) {
        try {
          const answer = await attempt()
          const now = performance.now()
          answered.add(kind)
          // Asked after the restart: what was under way during it may have been answered by the server before.
          if (begin >= since && !firstAnswers.has(kind)) firstAnswers.set(kind, now - since)
          if (tries > 1) slowestRetry = Math.max(slowestRetry, now - since)
          return answer
        } catch (error) {
          if (!isForLater(error)) throw error
          retried.add(kind)
          await wait(pause)
          begin = performance.now()
        }
      }
    },
  }
}

function isForLater(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false
  return (
    error.status === 503 || error.status === 429 || error.type === 'urn:tidemark:problem:request-in-flight'
  )
}
