import { instantOrNull, type Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'

/** So many tries in so many seconds, of whom the subject stands for. */
export interface TryBound {
  /** In hex. A hash, so that it names nobody. */
  subject: string
  most: number
  seconds: number
}

const rowsPerStatement = 10_000

/**
 * Counts a try for each of the bounds, see sql/functions/0016_take_tries.sql. Where one of them is used up, nothing is
 * counted, and it returns when there are tries again.
 */
export async function takeTries(sql: Sql, bounds: TryBound[], now: Date): Promise<Date | null> {
  const [row] = await sql`
    SELECT take_tries(${jsonbText(bounds)}::text::jsonb, ${now.toISOString()}) AS until`
  return instantOrNull(row!.until)
}

/** Gives one try back for each of some subjects, and all of them for others. */
export async function giveBackTries(sql: Sql, { one, all }: { one: string[]; all: string[] }): Promise<void> {
  await sql`SELECT give_back_tries(${one}::text[], ${all}::text[])`
}

/** Forgets counts that would begin anew. */
export async function forgetTries(sql: Sql, now: Date): Promise<number> {
  for (let total = 0; ; ) {
    const { count } = await sql`
      DELETE FROM try_count WHERE subject IN (
        SELECT subject FROM try_count WHERE until <= ${now.toISOString()}
        LIMIT ${rowsPerStatement} FOR UPDATE SKIP LOCKED
      )`
    total += count
    if (count < rowsPerStatement) return total
  }
}
