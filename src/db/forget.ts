import type { Sql } from './client.ts'

/** Days for which runs, and dead letters that are closed, are kept. */
const keptDays = 90
/** Longer than any window of a budget: a slot that was not used since is as good as none. Days. */
const unusedDays = 40
const rowsPerStatement = 10_000

/** Takes away old runs and closed dead letters; returns how many. */
export async function forgetRuns(sql: Sql, now: Date): Promise<number> {
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
export function forgetSlots(sql: Sql, now: Date): Promise<number> {
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

async function inBatches(remove: () => PromiseLike<{ count: number }>): Promise<number> {
  let total = 0
  for (;;) {
    const { count } = await remove()
    total += count
    if (count < rowsPerStatement) return total
  }
}
