import type { Sql } from './client.ts'
import type { Quality } from './net-worth.ts'

/** What an account holds of one asset at the end of a day. Decimal strings. */
export interface Balance {
  accountId: string
  account: string
  kind: string
  asset: string
  /** Exact, to the last digit stored. */
  quantity: string
  /** In `currency`, at most 8 decimals; null where a price is missing. */
  value: string | null
  currency: string
  quality: Quality
  /** The newest balance that the source reported on or before the day. */
  reported: string | null
  reportedOn: string | null
  /** Reported less what the transactions add up to on `reportedOn`. */
  difference: string | null
}

/** Every asset of every visible account at the end of `at`, the ones that came and went with quantity 0. */
export async function readBalances(
  sql: Sql,
  { userId, at, currency }: { userId: string; at: string; currency: string },
): Promise<Balance[]> {
  const rows = await sql`
    SELECT b.account_id, a.name, a.kind, b.asset, trim_scale(b.quantity) AS quantity, trim_scale(b.value) AS value,
      b.quality, trim_scale(b.reported) AS reported, b.reported_on, trim_scale(b.difference) AS difference
    FROM balance_at(${userId}, ${at}, ${currency}) AS b
    JOIN account a ON a.id = b.account_id
    ORDER BY a.name, a.id, b.asset`
  return rows.map((row) => ({
    accountId: row.account_id,
    account: row.name,
    kind: row.kind,
    asset: row.asset,
    quantity: row.quantity,
    value: row.value,
    currency,
    quality: row.quality,
    reported: row.reported,
    reportedOn: row.reported_on,
    difference: row.difference,
  }))
}

/** Of all visible accounts together at the end of `at`, by asset, in their order; `value` as above. */
export async function readAssetBalances(
  sql: Sql,
  { userId, at, currency }: { userId: string; at: string; currency: string },
): Promise<Pick<Balance, 'asset' | 'quantity' | 'value' | 'currency'>[]> {
  const rows = await sql<{ asset: string; quantity: string; value: string | null }[]>`
    SELECT asset, trim_scale(quantity) AS quantity, trim_scale(value) AS value
    FROM asset_balance_at(${userId}, ${at}, ${currency}) ORDER BY asset`
  return rows.map(({ asset, quantity, value }) => ({ asset, quantity, value, currency }))
}
