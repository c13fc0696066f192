import type { Sql } from './client.ts'

const rowsPerStatement = 10_000

/** Takes away runs, and dead letters that are closed, of more than so many days ago; returns how many. */
export async function forgetRuns(sql: Sql, now: Date, keptDays: number): Promise<number> {
  const before = new Date(now.getTime() - keptDays * 86_400_000).toISOString()
  return (
    (await inBatches(
      () => sql`
        DELETE FROM sync_run WHERE id IN (
          SELECT id FROM sync_run WHERE started_at < ${before} LIMIT ${rowsPerStatement}
        )`,
    )) +
    (await inBatches(
      () => sql`
        DELETE FROM dead_letter WHERE id IN (
          SELECT id FROM dead_letter
          WHERE updated_at < ${before} AND status IN ('resolved', 'discarded') LIMIT ${rowsPerStatement}
        )`,
    ))
  )
}

/** Takes away slots of budgets that nobody uses any more: they are made again when they are needed. */
export function forgetSlots(sql: Sql, now: Date, unusedDays: number): Promise<number> {
  const before = new Date(now.getTime() - unusedDays * 86_400_000).toISOString()
  return inBatches(
    () => sql`
      DELETE FROM provider_quota WHERE (scope, slot) IN (
        SELECT scope, slot FROM provider_quota WHERE used_at < ${before} LIMIT ${rowsPerStatement}
      )
      -- Somebody may have taken it meanwhile.
      AND used_at < ${before}`,
  )
}

/**
 * Forgets ids of transactions that went before a day. What of them arrives after that is taken for something new: see
 * docs/decisions/0017-policies.md.
 */
export function forgetReferences(sql: Sql, before: string): Promise<number> {
  return inBatches(
    () => sql`
      DELETE FROM transaction_ref WHERE (user_id, id) IN (
        SELECT user_id, id FROM transaction_ref WHERE gone_on < ${before} LIMIT ${rowsPerStatement}
      )
      -- It may have come back meanwhile.
      AND gone_on < ${before}`,
  )
}

async function inBatches(remove: () => PromiseLike<{ count: number }>): Promise<number> {
  let total = 0
  for (;;) {
    const { count } = await remove()
    total += count
    if (count < rowsPerStatement) return total
  }
}
