import type { Sql } from '../client.ts'
import { jsonbText } from '../jsonb-text.ts'
import type { Outcome, Policy } from './policy.ts'
import { nextRun } from './schedule.ts'
import type { Value } from './setting.ts'
import { readStored, valuesOf } from './settings.ts'

/** Seconds for which a claim holds unless it is renewed: so long after its death a worker's policies are free again. */
export const leaseSeconds = 120

/** The right to run a policy, until the lease ends. */
export interface PolicyClaim {
  policy: Policy
  token: string
  /** What was stored when it was claimed, and what the policy goes by. */
  stored: Record<string, Value>
  values: Record<string, Value>
}

/** Minutes after which what somebody held, and what failed, is tried again, if that is before its time. */
const again = { held: 5, failed: 15 }

/** Plans the first runs of policies that have none planned. */
export async function planPolicies(
  sql: Sql,
  policies: Policy[],
  rawRetentionDays: number | undefined,
  now: Date,
): Promise<void> {
  const stored = await readStored(sql)
  const times = policies.map((policy) => {
    const schedule = policy.schedule(valuesOf(policy, stored[policy.name], rawRetentionDays))
    return schedule ? nextRun(schedule, now).toISOString() : null
  })
  await sql`
    INSERT INTO policy AS p (name, next_run_at)
    SELECT name, at::timestamptz FROM unnest(${policies.map(({ name }) => name)}::text[], ${times}::text[]) AS u (name, at)
    ON CONFLICT (name) DO UPDATE SET next_run_at = excluded.next_run_at
    WHERE p.next_run_at IS NULL AND excluded.next_run_at IS NOT NULL`
}

/**
 * Claims those of the policies that are due, or with `due: false` whatever nobody runs at the moment. One statement, and
 * a row that another worker takes in this moment is passed over.
 */
export async function claimPolicies(
  sql: Sql,
  policies: Policy[],
  { now, due, rawRetentionDays }: { now: Date; due: boolean; rawRetentionDays: number | undefined },
): Promise<PolicyClaim[]> {
  const rows = await sql<{ name: string; token: string; settings: Record<string, Value> }[]>`
    UPDATE policy p
    SET lease_token = gen_random_uuid(), lease_until = ${leaseEnd(now)}, started_at = ${now.toISOString()}, ended_at = NULL
    FROM (
      SELECT name FROM policy
      WHERE name = ANY (${policies.map(({ name }) => name)}::text[])
        AND (${!due} OR next_run_at <= ${now.toISOString()})
        AND (lease_until IS NULL OR lease_until <= ${now.toISOString()})
      FOR UPDATE SKIP LOCKED
    ) AS d
    WHERE p.name = d.name
    RETURNING p.name, p.lease_token AS token, p.settings`
  return rows.map(({ name, token, settings }) => {
    const policy = policies.find((each) => each.name === name)!
    return { policy, token, stored: settings, values: valuesOf(policy, settings, rawRetentionDays) }
  })
}

/** False where the lease was lost: somebody else may run the policy. */
export async function renewClaim(sql: Sql, { policy, token }: PolicyClaim, now: Date): Promise<boolean> {
  const renewed = await sql`
    UPDATE policy SET lease_until = ${leaseEnd(now)} WHERE name = ${policy.name} AND lease_token = ${token}`
  return renewed.count === 1
}

/**
 * Gives a claim back with what came of it, and plans the next run, unless the policy is off; does nothing where the lease was
 * lost.
 */
export async function finishClaim(
  sql: Sql,
  { policy, token, stored, values }: PolicyClaim,
  outcome: Outcome & { failed?: true },
  { startedAt, now }: { startedAt: Date; now: Date },
): Promise<void> {
  const schedule = policy.schedule(values)
  const minutes = outcome.failed ? again.failed : outcome.again ? again.held : undefined
  const sooner = minutes === undefined ? null : new Date(now.getTime() + minutes * 60_000).toISOString()
  const next = schedule ? nextRun(schedule, startedAt).toISOString() : null
  await sql`
    UPDATE policy
    SET lease_token = NULL, lease_until = NULL, ended_at = ${now.toISOString()},
      status = ${outcome.failed ? 'failed' : 'succeeded'}, message = ${outcome.message},
      failures = failures + ${outcome.failed ? 1 : 0},
      next_run_at = (
        SELECT CASE WHEN planned IS NOT NULL THEN least(planned, ${sooner}::timestamptz) END
        FROM (
          SELECT CASE
            -- Planned by a change of the settings, or behind a run out of turn.
            WHEN settings <> ${jsonbText(stored)}::text::jsonb OR next_run_at > ${startedAt.toISOString()} THEN next_run_at
            ELSE ${next}::timestamptz
          END AS planned
        ) AS p
      )
    WHERE name = ${policy.name} AND lease_token = ${token}`
}

function leaseEnd(now: Date): string {
  return new Date(now.getTime() + leaseSeconds * 1000).toISOString()
}
