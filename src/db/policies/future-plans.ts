import type { Sql } from '../client.ts'
import { leaseSeconds } from './claims.ts'
import type { Policy } from './policy.ts'
import { nextRun } from './schedule.ts'
import { readStored, valuesOf } from './settings.ts'

/** Milliseconds by which a time may lie further ahead than it should: no clock that agrees is ahead by more. */
const ahead = 10 * 60_000

/**
 * Puts right what a clock that was ahead has written of policies: those that are planned further ahead than their schedule
 * plans are due now, and those that are held longer than a lease lasts are free. Returns their names.
 */
export async function mendFuturePlans(
  sql: Sql,
  policies: readonly Policy[],
  rawRetentionDays: number | undefined,
  now: Date,
): Promise<string[]> {
  const stored = await readStored(sql)
  const future = new Date(now.getTime() + ahead)
  const latest = policies.map((policy) => {
    const schedule = policy.schedule(valuesOf(policy, stored[policy.name], rawRetentionDays))
    return schedule ? nextRun(schedule, future).toISOString() : null
  })
  const longest = new Date(future.getTime() + leaseSeconds * 1000).toISOString()
  const rows = await sql<{ name: string }[]>`
    UPDATE policy p SET
      next_run_at = CASE WHEN p.next_run_at > u.latest THEN ${now.toISOString()} ELSE p.next_run_at END,
      lease_token = CASE WHEN p.lease_until > ${longest} THEN NULL ELSE p.lease_token END,
      lease_until = CASE WHEN p.lease_until > ${longest} THEN NULL ELSE p.lease_until END
    FROM (
      SELECT name, at::timestamptz AS latest
      FROM unnest(${policies.map(({ name }) => name)}::text[], ${latest}::text[]) AS each (name, at)
    ) AS u
    WHERE p.name = u.name AND (p.next_run_at > u.latest OR p.lease_until > ${longest})
    RETURNING p.name`
  return rows.map(({ name }) => name)
}
