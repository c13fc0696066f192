import type { ScopeLimit } from '../scope-limit.ts'
import type { Claim } from './claims.ts'
import { instantOf, instantOrNull, retryOnContention, type Sql } from './client.ts'

/** Slots of the budget; `retryAt` is when to try again where there were none. */
export type SlotGrant =
  | { granted: true; scopes: string[]; slots: number[]; grantedAt: Date; strikes: number }
  | { granted: false; retryAt: Date; strikes: number }

/**
 * Takes a slot in every scope, or none in any, and renews the lease. Throws what `isLeaseLost` knows where the lease
 * has ended. See sql/functions/0011_take_slots.sql.
 */
export async function takeSlots(
  sql: Sql,
  claim: Claim,
  limits: ScopeLimit[],
  now: Date,
  { timeoutSeconds, leaseSeconds }: { timeoutSeconds: number; leaseSeconds: number },
): Promise<SlotGrant> {
  const [row] = await retryOnContention(
    () => sql`
      SELECT * FROM take_slots(${claim.sourceId}, ${claim.leaseToken}, ${claim.connector}, ${claim.lane},
        ${JSON.stringify(limits)}::text::jsonb, ${now.toISOString()}, ${`${timeoutSeconds} seconds`}::interval,
        ${`${leaseSeconds} seconds`}::interval)`,
  )
  return grantOf(row!, now)
}

function grantOf(row: Record<string, unknown>, now: Date): SlotGrant {
  const strikes = row.strikes as number
  if (row.retry_at !== null) return { granted: false, retryAt: instantOf(row.retry_at), strikes }
  return {
    granted: true,
    scopes: row.scopes as string[],
    slots: row.slots as number[],
    grantedAt: now,
    strikes,
  }
}

/** As `takeSlots`, for a request that a person makes outside of any sync. */
export async function takeClientSlots(
  sql: Sql,
  connector: string,
  limits: ScopeLimit[],
  now: Date,
  timeoutSeconds: number,
): Promise<SlotGrant> {
  const [row] = await retryOnContention(
    () => sql`
      SELECT * FROM take_slots(NULL, NULL, ${connector}, 0, ${JSON.stringify(limits)}::text::jsonb,
        ${now.toISOString()}, ${`${timeoutSeconds} seconds`}::interval, NULL)`,
  )
  return grantOf(row!, now)
}

/** The request was answered; `pause` where the answer was 429. */
export async function settleSlots(
  sql: Sql,
  grant: { scopes: string[]; slots: number[]; grantedAt: Date },
  now: Date,
  pause?: { scope: string; until: Date },
): Promise<void> {
  await sql`
    SELECT settle_slots(${grant.scopes}::text[], ${grant.slots}::int[], ${grant.grantedAt.toISOString()},
      ${now.toISOString()}, ${pause?.scope ?? null}, ${pause?.until.toISOString() ?? null})`
}

export interface FreeSlots {
  /** Requests that the connector's own budget allows now; Infinity where it has none. */
  free: number
  /** When there will be the next one, where there is none. */
  freeAt: Date | null
}

/** Of each connector, by its limits of scope `client`. */
export async function freeSlots(
  sql: Sql,
  limits: (ScopeLimit & { connector: string })[],
  now: Date,
): Promise<Map<string, FreeSlots>> {
  const rows = await sql`
    SELECT * FROM free_slots(${JSON.stringify(limits)}::text::jsonb, ${now.toISOString()})`
  return new Map(
    rows.map((row) => [
      row.connector,
      { free: row.free ?? Number.POSITIVE_INFINITY, freeAt: instantOrNull(row.free_at) },
    ]),
  )
}
