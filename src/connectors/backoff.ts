/** Failures in a row after which a fetch becomes a dead letter. */
export const maxAttempts = 10

const firstDelay = 15_000
const longestDelay = 3_600_000

/**
 * Milliseconds to wait behind the given number of failures in a row (1 or more): doubling from 15 s to at most an
 * hour, half of it by chance, so that sources that failed together do not come back together.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter ("equal jitter")
 */
export function backoff(failures: number, random: () => number): number {
  const delay = Math.min(longestDelay, firstDelay * 2 ** Math.min(failures - 1, 30))
  return Math.round(delay / 2 + (delay / 2) * random())
}
