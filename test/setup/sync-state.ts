import { claimSources } from '../../src/db/claims.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import { syncBatch } from '../../src/scheduler/sync-batch.ts'
import { syncSource } from '../../src/scheduler/sync-source.ts'
import type { TestDatabase } from './database.ts'
import type { TestScheduler } from './scheduling.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Everything that syncs have made of a connector's sources, without ids and times that each run numbers by itself. */
export async function syncState(db: TestDatabase, connector: string, { worth: told = true } = {}) {
  const list = async (rows: PromiseLike<readonly Record<string, unknown>[]>) =>
    (await rows).map((row) => ({ ...row }))
  const sources = await list(db.sql`
    SELECT s.name, s.status, s.status_message, s.cursor, s.attempts, s.backfill_cursor, s.backfill_from, s.backfill_to,
      s.backfill_at IS NULL AS backfilled, s.backfill_attempts, s.lease_token IS NULL AS free, s.running_lane,
      s.last_sync_time IS NOT NULL AS synced
    FROM user_source s WHERE s.source_type_id = ${connector} ORDER BY s.name`)
  const rows = await list(db.sql`
    SELECT s.name AS source, a.external_id, a.name, t.booked_on AS day, t.occurred_at::text, trim_scale(t.amount) AS amount,
      t.asset, t.kind, t.status, t.description
    FROM transaction t JOIN account a ON a.id = t.account_id JOIN user_source s ON s.id = a.source_id
    WHERE s.source_type_id = ${connector}
    ORDER BY s.name, a.external_id, t.booked_on, t.occurred_at, t.amount, t.kind, t.status`)
  const owners = await db.sql<{ user_id: string; owner: string }[]>`
    SELECT DISTINCT a.user_id, coalesce(p.external_id, s.name) AS owner
    FROM account a JOIN user_source s ON s.id = a.source_id
    LEFT JOIN platform_user p ON p.source_id = s.id AND p.user_id = a.user_id
    WHERE s.source_type_id = ${connector} ORDER BY owner`
  const known = await list(db.sql`
    SELECT count(*)::int AS known, count(r.booked_on)::int AS present, count(*) FILTER (WHERE r.replaced)::int AS replaced
    FROM transaction_ref r
    WHERE r.user_id IN (
      SELECT a.user_id FROM account a JOIN user_source s ON s.id = a.source_id WHERE s.source_type_id = ${connector}
    )`)
  const balances = await list(db.sql`
    SELECT s.name AS source, a.external_id, r.asset, r.day, r.edge, trim_scale(r.reported) AS reported,
      trim_scale(r.entries) AS entries, trim_scale(r.folded) AS folded
    FROM reconciliation r JOIN account a ON a.id = r.account_id JOIN user_source s ON s.id = a.source_id
    WHERE s.source_type_id = ${connector} ORDER BY s.name, a.external_id, r.asset, r.day, r.edge`)
  const prices = await list(db.sql`
    SELECT currency, day, trim_scale(price) AS price FROM price WHERE provider = ${connector}
    ORDER BY asset, currency, day`)
  const letters = await list(db.sql`
    SELECT d.kind, d.code, d.status FROM dead_letter d JOIN user_source s ON s.id = d.source_id
    WHERE s.source_type_id = ${connector} AND d.status IN ('open', 'queued') ORDER BY d.kind, d.code`)
  const worth = []
  for (const { user_id: userId, owner } of told ? owners : []) {
    const { points } = await readNetWorth(db.sql, {
      userId,
      currency: 'EUR',
      to: '2024-07-31',
      interval: 'week',
    })
    worth.push({ owner, points: points.map(({ date, netWorth }) => `${date} ${netWorth}`) })
  }
  return { sources, rows, known, balances, prices, letters, worth }
}

/** What the runs of a connector's sources told of themselves. */
export async function runCounts(db: TestDatabase, connector: string) {
  const [counts] = await db.sql<{ added: number; removed: number; unended: number; overlong: number }[]>`
    SELECT coalesce(sum(r.added), 0)::int AS added, coalesce(sum(r.removed), 0)::int AS removed,
      count(*) FILTER (WHERE r.ended_at IS NULL)::int AS unended,
      count(*) FILTER (WHERE r.ended_at < r.started_at)::int AS overlong
    FROM sync_run r JOIN user_source s ON s.id = r.source_id WHERE s.source_type_id = ${connector}`
  return { ...counts! }
}

/**
 * Claims and runs what is due of a connector, moving the clock on to whatever is due next, until nothing more is before
 * `horizon`. Alone: no other process may be awake.
 */
export async function runAllDue(
  scheduler: TestScheduler,
  db: TestDatabase,
  clock: VirtualClock,
  connector: string,
  horizon: Date,
): Promise<void> {
  const { batchMax = 1 } = await scheduler.connectors.get(connector)
  for (let round = 0; round < 300; round++) {
    const wanted = [{ connector, most: batchMax, mostBackfill: 1, cap: 1_000 }]
    const claims = await claimSources(scheduler.db.sql, wanted, batchMax, clock.now(), 60)
    const heads = claims.filter(({ lane }) => lane < 2)
    if (heads.length > 1) await syncBatch(scheduler, heads)
    for (const claim of heads.length > 1 ? claims.filter(({ lane }) => lane === 2) : claims)
      await syncSource(scheduler, claim)
    if (claims.length > 0) continue
    const next = await nextDue(db, connector)
    if (next === undefined || next > horizon) return
    clock.moveTo(next)
  }
  throw new Error('it does not come to an end')
}

async function nextDue(db: TestDatabase, connector: string): Promise<Date | undefined> {
  const [row] = await db.sql`
    SELECT min(greatest(least(next_sync_at, backfill_at), lease_until))::text AS at FROM user_source
    WHERE source_type_id = ${connector} AND status = 'active'`
  return row!.at === null ? undefined : new Date(row!.at)
}
