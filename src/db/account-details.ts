import type { Sql } from './client.ts'

/** A balance that was reported, beside what the transactions add up to. Decimal strings. */
export interface Reconciliation {
  asset: string
  reported: string
  reportedOn: string
  /** Its owner said so, and not its source. */
  setByHand: boolean
  /** Reported less what the transactions add up to on that day. */
  difference: string
}

export interface AccountDetails {
  /** The day of its first posted transaction. */
  since: string | null
  /** Of each asset the newest, in the order in which balances at a day choose it. */
  reconciliation: Reconciliation[]
}

/** Of the accounts that the caller may see, or of the one of that id, by the account's id. */
export async function readAccountDetails(
  sql: Sql,
  callerId: string,
  accountId?: string,
): Promise<Map<string, AccountDetails>> {
  const rows = await sql<({ account_id: string } & AccountDetails)[]>`
    SELECT v.account_id, f.day AS since, coalesce(r.newest, '[]') AS reconciliation
    FROM visible_account(${callerId}) v
    LEFT JOIN first_flow_days(${callerId}, ${accountId ?? null}) f ON f.account_id = v.account_id
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('asset', n.asset, 'reported', trim_scale(n.reported)::text,
        'reportedOn', n.day, 'setByHand', n.edge = 'set', 'difference', trim_scale(n.difference)::text)
        ORDER BY n.asset) AS newest
      FROM newest_reports(v.account_id) AS n
    ) AS r ON true
    WHERE ${accountId ?? null}::bigint IS NULL OR v.account_id = ${accountId ?? null}`
  return new Map(rows.map(({ account_id, since, reconciliation }) => [account_id, { since, reconciliation }]))
}
