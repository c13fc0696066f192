import type { Sql } from './client.ts'

export interface RequestClaim {
  owner: string
  key: string
  /** Changes with every claim: what was taken over cannot be finished any more. */
  token: string
}

/** What a claimed request is answered with, to be kept by the statement that has its effect. */
export interface Completion extends RequestClaim {
  status: number
  /** Sealed. */
  answer: Uint8Array
}

export interface ClaimedRequest {
  state: 'claimed' | 'in-flight' | 'answered'
  /** Of the request for which the key was first used. */
  fingerprint: Uint8Array
  /** Sealed; of one that was answered. */
  answer: Uint8Array | null
}

/** Claims a key for a request, see sql/functions/0015_claim_request.sql. */
export async function claimRequest(
  sql: Sql,
  claim: RequestClaim & { fingerprint: Uint8Array },
  now: Date,
  lockedUntil: Date,
): Promise<ClaimedRequest> {
  for (;;) {
    const [row] = await sql`
      SELECT * FROM claim_request(${claim.owner}, ${claim.key}, ${claim.fingerprint}, ${claim.token},
        ${now.toISOString()}, ${lockedUntil.toISOString()})`
    // Nothing, where it was let go between the two looks.
    if (row) return { state: row.state, fingerprint: row.fingerprint, answer: row.answer }
  }
}

/**
 * The condition, always true, by which a statement keeps the answer of its request: `WHERE ${finishing(…)}` of
 * a single row, or in the list of a SELECT. Raises where the claim was taken over, which undoes the statement.
 */
export function finishing(sql: Sql, completion: Completion | undefined) {
  if (completion === undefined) return sql`true`
  const { owner, key, token, status, answer } = completion
  return sql`finish_request(${owner}, ${key}, ${token}, ${status}, ${answer})`
}

/** Keeps the answer of a request whose effect needs no key: done twice, it is as if done once. */
export async function finishRequest(sql: Sql, completion: Completion): Promise<void> {
  await sql`SELECT ${finishing(sql, completion)}`
}

/** Lets a key go whose request had no effect. */
export async function releaseRequest(sql: Sql, { owner, key, token }: RequestClaim): Promise<void> {
  await sql`
    DELETE FROM idempotency_key
    WHERE owner = ${owner} AND key = ${key} AND token = ${token} AND locked_until IS NOT NULL`
}

/** Forgets keys of so many days ago, which nobody will send again. */
export async function forgetRequests(sql: Sql, now: Date, keptDays: number): Promise<number> {
  const forgotten = await sql`
    DELETE FROM idempotency_key
    WHERE created_at < ${now.toISOString()}::timestamptz - ${`${keptDays} days`}::interval`
  return forgotten.count
}
