import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { TooManyRequestsError } from '../errors.ts'

const seconds = 60

/**
 * How often one caller may ask, in this process. Told as in
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: the policy, and what is left of it.
 */
export interface RateLimit {
  /** Counts a request. Throws a TooManyRequestsError where the minute's are used up. */
  take(subject: string, headers: Record<string, string>): Promise<void>
}

export function createRateLimit(perMinute: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: seconds })
  const policy = `"caller";q=${perMinute};w=${seconds}`

  function tell(headers: Record<string, string>, { remainingPoints, msBeforeNext }: RateLimiterRes): void {
    headers['ratelimit-policy'] = policy
    headers.ratelimit = `"caller";r=${remainingPoints};t=${Math.ceil(msBeforeNext / 1000)}`
  }

  return {
    async take(subject, headers) {
      try {
        tell(headers, await limiter.consume(subject))
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused
        tell(headers, refused)
        throw new TooManyRequestsError(
          `at most ${perMinute} requests a minute are answered: wait, then go on`,
          refused.msBeforeNext / 1000,
        )
      }
    },
  }
}
