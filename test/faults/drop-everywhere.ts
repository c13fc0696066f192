import { expect } from 'vitest'
import { asTidemarkError } from '../../src/db/client.ts'
import { TidemarkError } from '../../src/errors.ts'
import type { Operation, Place, Trial } from './operations/operation.ts'
import { isShort, rounds } from './options.ts'
import type { Seeded } from './seeded.ts'
import type { Moment } from './statement-proxy.ts'
import { type Counts, createCounts } from './tell.ts'

/** Milliseconds after which an attempt is taken to have been lost. */
const longestAttempt = 20_000
/** Every statement is met, or in a short form some of the first ones: the next is at most so many on. */
const [longestStep, mostStatements] = isShort ? [8, 8 * rounds] : [1, Number.POSITIVE_INFINITY]
const mostRetries = 10

/**
 * Does the operation again and again, each time from the beginning and with a connection that breaks one statement
 * later, until it comes to its end before that. Returns how the attempts went that were broken off.
 */
export async function dropEverywhere(place: Place, prepare: Operation, seeded: Seeded): Promise<Counts> {
  const { proxy } = place
  const counts = createCounts()
  proxy.dropNowhere()
  const undisturbed = await prepare(place)
  const before = await undisturbed.state()
  expect(await outcomeOf(undisturbed)).toBe('done')
  const after = await undisturbed.state()
  await undisturbed.end?.()

  for (const moment of ['before', 'after'] as Moment[]) {
    const steps = seeded.fork(moment)
    for (let statement = 1; ; statement += steps.between(1, longestStep)) {
      const trial = await prepare(place)
      const at = `${moment} statement ${statement}`
      proxy.dropAt(statement, moment)
      const outcome = await outcomeOf(trial)
      const dropped = proxy.dropped()
      proxy.dropNowhere()
      counts.add(dropped ? outcome : 'undisturbed')
      const between = await trial.state()
      const isWhole = isEqual(between, before) || isEqual(between, after) || (await trial.isWhole?.(between))
      expect(isWhole, `${at}: ${JSON.stringify(between).slice(0, 500)}`).toBe(true)
      for (let tries = 0; !isEqual(await trial.state(), after) && tries < mostRetries; tries++) {
        counts.add('retries')
        expect(await outcomeOf(trial), at).not.toBe('lost')
      }
      // Once more, behind everything: it stays.
      expect(await outcomeOf(trial), at).not.toBe('lost')
      expect(await trial.state(), at).toEqual(after)
      await trial.end?.()
      if (!dropped || statement > mostStatements) break
    }
  }
  return counts
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Whether the attempt is done, may be tried again, or was given up by this test because nothing was heard of it. */
async function outcomeOf(trial: Trial): Promise<'done' | 'refused' | 'lost'> {
  let timer: NodeJS.Timeout | undefined
  const lost = new Promise<'lost'>((resolve) => {
    timer = setTimeout(() => resolve('lost'), longestAttempt)
  })
  const asked = trial.attempt().then(
    () => 'done' as const,
    (error: unknown) => {
      expect(isTyped(error), String((error as Error).stack)).toBe(true)
      return 'refused' as const
    },
  )
  const outcome = await Promise.race([asked, lost])
  clearTimeout(timer)
  return outcome
}

/** One that says what it is: an answer of the API below 500 or 503, an error that a command has a sentence for. */
function isTyped(error: unknown): boolean {
  if (error instanceof Error && 'status' in error && !(error instanceof TidemarkError))
    return Number(error.status) < 500 || error.status === 503
  return asTidemarkError(error) instanceof TidemarkError
}
