import type { Sql } from './client.ts'

/** Accounts and assets that one count looks at, at most: half a second of the database’s time. */
const longestLook = 50_000

export interface Differences {
  /** Accounts and assets whose newest reported balance is not what the transactions add up to. */
  count: number
  /** There were too many to look at all of them: `count` is the least that there are. */
  more: boolean
}

/**
 * Of each account and asset the newest report alone counts, as in newest_reports (sql/functions/0028). Goes from one
 * account and asset that ever differed to the next by the index of those that do, and looks at its newest report by the
 * key: however many days were reported, it reads a few entries of each.
 */
export async function countDifferences(sql: Sql, limit = longestLook): Promise<Differences> {
  const [row] = await sql`
    WITH RECURSIVE differing AS (
      (SELECT account_id, asset FROM reconciliation WHERE difference <> 0 ORDER BY account_id, asset LIMIT 1)
      UNION ALL
      SELECT n.account_id, n.asset
      FROM differing d CROSS JOIN LATERAL (
        SELECT r.account_id, r.asset FROM reconciliation r
        WHERE r.difference <> 0 AND (r.account_id, r.asset) > (d.account_id, d.asset)
        ORDER BY r.account_id, r.asset LIMIT 1
      ) AS n
    )
    SELECT count(*) FILTER (WHERE newest.difference <> 0)::int AS count, count(*) > ${limit}::int AS more
    FROM (SELECT * FROM differing LIMIT ${limit}::int + 1) AS d CROSS JOIN LATERAL (
      SELECT difference FROM reconciliation r
      WHERE r.account_id = d.account_id AND r.asset = d.asset
      ORDER BY day DESC, edge LIMIT 1
    ) AS newest`
  return { count: row!.count, more: row!.more }
}
