import { lastDay } from '../calendar.ts'
import { instantOf, type Sql } from './client.ts'

/** A user whom a platform-wide connection brought along. */
export interface PlatformUser {
  sourceId: string
  userId: string
}

/** Who has this identity with a provider: one for each of the platform's sources that knows it, removed ones aside. */
export async function findPlatformUsers(
  sql: Sql,
  externalId: string,
  sourceId: string | undefined,
): Promise<PlatformUser[]> {
  const rows = await sql`
    SELECT p.source_id, p.user_id FROM platform_user p JOIN user_source s ON s.id = p.source_id
    WHERE p.external_id = ${externalId} AND s.user_id IS NULL AND s.status <> 'removed'
      AND (${sourceId ?? null}::bigint IS NULL OR s.id = ${sourceId ?? null})
    ORDER BY p.source_id`
  return rows.map((row) => ({ sourceId: row.source_id, userId: row.user_id }))
}

/** Of one asset; decimal strings. All but the balance are sums of magnitudes, by kind. */
export interface PlatformBalance {
  asset: string
  /** The fold of all posted movements. */
  balance: string
  earned: string
  spent: string
  /** Asked for, which moves no balance. */
  payout: string
  paidOut: string
}

/**
 * What a user has and had with a platform-wide source, by asset, of everything that was ingested, whatever its day. One
 * snapshot: the balance is that of the movements which the sums are made of.
 */
export async function readPlatformBalances(
  sql: Sql,
  { userId, sourceId }: PlatformUser,
): Promise<PlatformBalance[]> {
  const rows = await sql`
    SELECT asset, trim_scale(coalesce(f.balance, 0)) AS balance, trim_scale(coalesce(k.earned, 0)) AS earned,
      trim_scale(coalesce(-k.spent, 0)) AS spent, trim_scale(coalesce(k.payout, 0)) AS payout,
      trim_scale(coalesce(-k.paid_out, 0)) AS paid_out
    FROM (
      SELECT t.asset, sum(t.amount) FILTER (WHERE t.kind = 'earned' AND t.status = 'posted') AS earned,
        sum(t.amount) FILTER (WHERE t.kind = 'spent' AND t.status = 'posted') AS spent,
        sum(t.amount) FILTER (WHERE ${isRequested(sql)}) AS payout,
        sum(t.amount) FILTER (WHERE ${isPaidOut(sql)}) AS paid_out
      FROM transaction t
      WHERE t.user_id = ${userId} AND t.account_id = ANY (${accountsOf(sql, userId, sourceId)})
      GROUP BY t.asset
    ) AS k
    FULL JOIN (
      SELECT a.asset, sum(a.amount) AS balance FROM account_flow(${userId}, ${lastDay}, ${lastDay}, 'day') AS a
      WHERE a.account_id = ANY (${accountsOf(sql, userId, sourceId)})
      GROUP BY a.asset
    ) AS f USING (asset)
    ORDER BY asset`
  return rows.map((row) => ({
    asset: row.asset,
    balance: row.balance,
    earned: row.earned,
    spent: row.spent,
    payout: row.payout,
    paidOut: row.paid_out,
  }))
}

export interface PlatformPayouts {
  asset: string
  /** What was asked for and is not paid out. */
  outstanding: string
  /** Newest first. */
  requested: { id: string; amount: string; at: Date }[]
}

/** The payouts that a user asked for, by asset: the sum of all, and the newest `limit` of them. One snapshot. */
export async function readPlatformPayouts(
  sql: Sql,
  { userId, sourceId }: PlatformUser,
  limit: number,
): Promise<PlatformPayouts[]> {
  const rows = await sql`
    SELECT t.asset,
      trim_scale(
        coalesce(sum(t.amount) FILTER (WHERE ${isRequested(sql)}), 0)
        + coalesce(sum(t.amount) FILTER (WHERE ${isPaidOut(sql)}), 0)
      ) AS outstanding,
      to_jsonb((array_agg(
        jsonb_build_object('id', t.id, 'amount', trim_scale(t.amount)::text, 'at', o.at) ORDER BY o.at DESC, t.id
      ) FILTER (WHERE ${isRequested(sql)}))[:${limit}::int]) AS requested
    FROM transaction t
    CROSS JOIN LATERAL (SELECT coalesce(t.occurred_at, t.booked_on::timestamp AT TIME ZONE 'UTC') AS at) AS o
    WHERE t.user_id = ${userId} AND t.account_id = ANY (${accountsOf(sql, userId, sourceId)})
    GROUP BY t.asset ORDER BY t.asset`
  return rows.map((row) => ({
    asset: row.asset,
    outstanding: row.outstanding,
    requested: ((row.requested ?? []) as { id: string; amount: string; at: string }[]).map((each) => ({
      ...each,
      at: instantOf(each.at),
    })),
  }))
}

function accountsOf(sql: Sql, userId: string, sourceId: string) {
  return sql`ARRAY(SELECT id FROM account WHERE user_id = ${userId} AND source_id = ${sourceId})`
}

function isRequested(sql: Sql) {
  return sql`t.kind = 'payout' AND t.status = 'requested'`
}

/** Stored as what left the balance: below zero. */
function isPaidOut(sql: Sql) {
  return sql`t.kind = 'paid_out' AND t.status = 'posted'`
}
