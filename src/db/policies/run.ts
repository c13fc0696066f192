import type { Sql } from '../client.ts'
import type { Engine } from '../engine.ts'
import { finishClaim, leaseSeconds, type PolicyClaim, renewClaim } from './claims.ts'
import type { Outcome } from './policy.ts'
import type { Value } from './setting.ts'

export interface RunParts {
  /** For the work, which may take long. */
  sql: Sql
  /** For the lease: it is renewed beside the work. */
  leases: Sql
  engine: Engine
  clock: () => Date
  /** Ends a run at what is done then. */
  signal: AbortSignal
  progress?: (done: number, all: number) => void
}

export interface RunOutcome extends Outcome {
  error?: unknown
  /** True where the lease was lost: what came of the policy is for whoever holds it now. */
  givenUp?: true
}

/**
 * Runs a claimed policy and gives the claim back with what came of it, which is also returned; a failure is told in both
 * ways. The lease is renewed meanwhile. Where it is lost nevertheless, as by a process that was suspended, the run ends
 * early, is given up, and stores nothing; two runs at once are a waste and no fault, since each of their statements is whole.
 * `once`: values for this run alone, before those that the policy goes by.
 */
export async function runPolicy(
  parts: RunParts,
  claim: PolicyClaim,
  once: Record<string, Value> = {},
): Promise<RunOutcome> {
  const { sql, leases, engine, clock } = parts
  const startedAt = clock()
  const lost = new AbortController()
  const renewal = setInterval(
    () => {
      renewClaim(leases, claim, clock()).then(
        (held) => !held && lost.abort(),
        // The database is away: the work itself finds out.
        () => {},
      )
    },
    (leaseSeconds * 1000) / 4,
  )
  let outcome: RunOutcome & { failed?: true }
  try {
    outcome = await claim.policy.run({
      sql,
      engine,
      now: startedAt,
      settings: { ...claim.values, ...once },
      signal: AbortSignal.any([parts.signal, lost.signal]),
      progress: parts.progress ?? (() => {}),
    })
  } catch (error) {
    outcome = parts.signal.aborted
      ? { message: 'stopped with its process', again: true }
      : { message: error instanceof Error ? error.message : String(error), error, failed: true }
  } finally {
    clearInterval(renewal)
  }
  if (lost.signal.aborted) return { message: 'given up: its lease was lost', givenUp: true }
  await finishClaim(leases, claim, outcome, { startedAt, now: clock() })
  return outcome
}
