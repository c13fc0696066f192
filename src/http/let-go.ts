import { type RequestClaim, releaseRequest } from '../db/idempotency.ts'
import { withDeadline } from '../deadline.ts'
import type { HttpParts } from './parts.ts'

/** Milliseconds. */
const longestRelease = 10_000
const longestWait = 2_000
/** Some more than two minutes, after which a key is free by itself. */
const attempts = 64

/**
 * Lets the key of a request go that had no effect. Where the database is away, with which most of them fail, it is
 * tried again behind the answer: whoever sends the request again is not to wait for longer than for the database.
 */
export async function letGo(
  { db, log, sleep, signal }: Pick<HttpParts, 'db' | 'log' | 'sleep' | 'signal'>,
  claim: RequestClaim,
): Promise<void> {
  const release = () => withDeadline(longestRelease, () => releaseRequest(db.sql, claim))
  async function again(fault: unknown): Promise<void> {
    for (let attempt = 1; attempt < attempts && !signal.aborted; attempt++) {
      await sleep(Math.min(longestWait, 100 * 2 ** attempt), signal)
      try {
        return await release()
      } catch (error) {
        fault = error
      }
    }
    throw fault
  }
  await release().catch((fault: unknown) => {
    again(fault).catch((error: unknown) => {
      log.warn({ err: error }, 'an idempotency key could not be let go; it is free again in two minutes')
    })
  })
}
