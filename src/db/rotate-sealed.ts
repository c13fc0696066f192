import { type Keyring, UnknownKeyError } from '../keyring.ts'
import { SealedValueError } from '../sealing.ts'
import { retryOnContention, type Sql } from './client.ts'
import { credentialsColumn } from './credentials.ts'
import type { SealedColumn } from './sealed-column.ts'
import { secondFactorColumn } from './second-factor.ts'

/** Everything that is sealed to stay. Answers to requests are, too, and are forgotten after two days. */
const columns = [credentialsColumn, secondFactorColumn]
const rowsPerStatement = 1000
const faultsKept = 20

export interface RotationReport {
  rewrapped: number
  /** Those that could not be rewrapped; the first twenty. `row` is told as in `source 12`. */
  faults: { row: string; reason: string }[]
  faultCount: number
}

/**
 * Puts everything sealed under the keyring's current key. What is under it already is not read: run again after
 * an interruption, it goes on where it was. What is written meanwhile is left as it was written, and looked at again.
 */
export async function rotateSealed(
  sql: Sql,
  keyring: Keyring,
  { onProgress }: { onProgress?: (rewrapped: number, total: number) => void } = {},
): Promise<RotationReport> {
  let total = 0
  for (const column of columns) {
    const [due] = await sql<{ count: number }[]>`
      SELECT count(*)::int AS count FROM ${sql(column.table)} WHERE ${underAnotherKey(sql, keyring, column)}`
    total += due!.count
  }
  const report: RotationReport = { rewrapped: 0, faults: [], faultCount: 0 }
  // A pass that changes nothing is the last one. Processes that go on sealing under an old key could make it endless.
  for (let pass = 0; pass < 5; pass++) {
    const before = report.rewrapped
    report.faults = []
    report.faultCount = 0
    for (const column of columns) {
      for (let after = '0'; ; ) {
        const rows = await sql<Row[]>`
          SELECT id, ${sql(column.column)} AS sealed FROM ${sql(column.table)}
          WHERE id > ${after} AND ${underAnotherKey(sql, keyring, column)}
          ORDER BY id LIMIT ${rowsPerStatement}`
        if (rows.length === 0) break
        after = rows.at(-1)!.id
        report.rewrapped += await rewrapRows(sql, keyring, column, rows, report)
        onProgress?.(report.rewrapped, Math.max(total, report.rewrapped))
      }
    }
    if (report.rewrapped === before) break
  }
  return report
}

interface Row {
  id: string
  sealed: Uint8Array
}

async function rewrapRows(
  sql: Sql,
  keyring: Keyring,
  { table, column, identityOf, nameOf }: SealedColumn,
  rows: Row[],
  report: RotationReport,
): Promise<number> {
  const ids: string[] = []
  const before: string[] = []
  const after: string[] = []
  for (const { id, sealed } of rows) {
    try {
      const rewrapped = keyring.rewrap(sealed, identityOf(id))
      if (rewrapped === undefined) continue
      ids.push(id)
      before.push(hex(sealed))
      after.push(hex(rewrapped))
    } catch (error) {
      if (!(error instanceof SealedValueError || error instanceof UnknownKeyError)) throw error
      report.faultCount++
      if (report.faults.length < faultsKept) report.faults.push({ row: nameOf(id), reason: error.message })
    }
  }
  // One statement, and only where the row is still what was rewrapped.
  const updated = await retryOnContention(
    () => sql`
      UPDATE ${sql(table)} AS stored SET ${sql(column)} = decode(rewrapped.after, 'hex')
      FROM unnest(${ids}::bigint[], ${before}::text[], ${after}::text[]) AS rewrapped (id, before, after)
      WHERE stored.id = rewrapped.id AND stored.${sql(column)} = decode(rewrapped.before, 'hex')`,
  )
  return updated.count
}

/** How many sealed values are under each key, by its id. */
export async function countSealedByKey(sql: Sql): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const column of columns) {
    const rows = await sql<{ keyId: string; count: number }[]>`
      SELECT encode(${keyIdIn(sql, column)}, 'hex') AS "keyId", count(*)::int AS count FROM ${sql(column.table)}
      WHERE ${sql(column.column)} IS NOT NULL GROUP BY 1`
    for (const { keyId, count } of rows) counts.set(keyId, (counts.get(keyId) ?? 0) + count)
  }
  return counts
}

function underAnotherKey(sql: Sql, keyring: Keyring, column: SealedColumn) {
  return sql`${sql(column.column)} IS NOT NULL
    AND ${keyIdIn(sql, column)} <> decode(${keyring.currentKeyId()}, 'hex')`
}

/** Where a sealed value tells its key: see src/sealing.ts. */
function keyIdIn(sql: Sql, { column }: SealedColumn) {
  return sql`substring(${sql(column)} FROM 2 FOR 8)`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
