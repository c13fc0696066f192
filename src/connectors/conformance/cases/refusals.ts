import { RateLimitedError, ReauthError } from '../../errors.ts'
import type { CaseRunner } from '../case.ts'
import { describe, expectDone, expectNoDifference, expectThat } from '../failure.ts'
import { silentPause } from '../memory-gate.ts'
import type { Trial } from '../trial.ts'

/** 429 with a number of seconds, a date, and nothing to go by: told to the scheduler, which waits. */
export const rateLimitedSeconds = rateLimited(() => ({ header: '17', seconds: 17 }))
export const rateLimitedDate = rateLimited((now) => ({
  header: new Date(now.getTime() + 90_000).toUTCString(),
  seconds: 90,
}))
export const rateLimitedSilent = rateLimited(() => ({}))

function rateLimited(refusal: (now: Date) => { header?: string; seconds?: number }): CaseRunner {
  return async ({ open }) => {
    const requests = await countRequests(await open())
    for (const request of new Set([0, requests - 1])) {
      const trial = await open()
      const subject = await trial.connect()
      const began = trial.clock.now()
      const { header, seconds } = refusal(began)
      trial.asked.length = 0
      trial.emulated.faults.plan(
        { kind: 'status', status: 429, headers: header === undefined ? {} : { 'retry-after': header } },
        request,
      )
      const outcome = await subject.sync()
      const what = `when request ${request + 1} of ${requests} is answered 429${header === undefined ? '' : ` with Retry-After: ${header}`}`
      const error = outcome.errors[0]
      expectThat(
        error instanceof RateLimitedError,
        `${what}, expected a RateLimitedError, but ${error === undefined ? 'no error came' : describe(error)}`,
      )
      const retryAt = seconds === undefined ? undefined : new Date(began.getTime() + seconds * 1000)
      expectThat(
        error.retryAt?.getTime() === retryAt?.getTime(),
        `${what}, expected retryAt ${retryAt?.toISOString() ?? 'undefined'} and got ${error.retryAt?.toISOString() ?? 'undefined'}`,
      )
      const resumed = retryAt?.getTime() ?? began.getTime() + silentPause
      const early = trial.asked.slice(request + 1).filter(({ at }) => at < resumed)
      expectThat(
        early.length === 0,
        `${what}, nothing may be asked before ${new Date(resumed).toISOString()}, but ${early.length} requests were: the scheduler alone tries again`,
      )
      expectDone(outcome, `${what}, the sync`)
      expectNoDifference(subject.difference(), `${what}, after the sync`)
    }
  }
}

/** Credentials that are not accepted any more are the owner's business, at the first refusal. */
export const refusedCredentials: CaseRunner = async ({ open }) => {
  const trial = await open()
  const subject = await trial.connect()
  trial.emulated.refuseCredentials()
  trial.asked.length = 0
  const { ended } = await subject.sync()
  expectThat(
    ended instanceof ReauthError,
    `with refused credentials expected a ReauthError, but ${ended === undefined ? 'the sync came to its end' : describe(ended)}`,
  )
  expectThat(
    trial.asked.length === 1,
    `refused credentials are not tried again: expected 1 request, and ${trial.asked.length} were made`,
  )
}

/** How many requests a first sync takes. */
export async function countRequests(trial: Trial): Promise<number> {
  const subject = await trial.connect()
  const before = trial.asked.length
  expectDone(await subject.sync(), 'a sync')
  return trial.asked.length - before
}
