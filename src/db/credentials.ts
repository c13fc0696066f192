import { NotFoundError } from '../errors.ts'
import { type Keyring, UnknownKeyError } from '../keyring.ts'
import { SealedValueError } from '../sealing.ts'
import { retryOnContention, type Sql, sqlState } from './client.ts'

const rowsPerStatement = 1000
const faultsKept = 20

/** What a source's credentials are sealed with, so that they do not open in another row or another column. */
export function credentialsIdentity(sourceId: string): string {
  return `credentials of source ${sourceId}`
}

/**
 * Seals and stores a source's credentials in place of those it had. Throws a NotFoundError where there is no such
 * source. `leaseToken`: of the sync that exchanged them; nothing is written where another has the lease. Without it they
 * come from the owner, and a sync that runs with those before loses its lease.
 */
export async function writeCredentials(
  sql: Sql,
  keyring: Keyring,
  sourceId: string,
  credentials: object,
  leaseToken?: string,
): Promise<void> {
  const identity = credentialsIdentity(sourceId)
  let sealed = keyring.seal(credentials, identity)
  const written =
    leaseToken === undefined
      ? await sql`
          UPDATE user_source SET credentials = ${sealed}, lease_token = NULL, lease_until = NULL, running_lane = NULL
          WHERE id = ${sourceId} AND status <> 'removed'`
      : await sql`
          UPDATE user_source SET credentials = ${sealed} WHERE id = ${sourceId} AND lease_token = ${leaseToken}`
  if (written.count === 0) {
    if (leaseToken === undefined) throw new NotFoundError(`there is no source ${sourceId}`)
    throw Object.assign(new Error(`the lease of source ${sourceId} has ended`), { code: sqlState.leaseLost })
  }
  // A rotation may have looked for rows under the old key in between, and retired it: it made the new one current
  // before, so that this look sees it.
  for (;;) {
    const again = keyring.rewrap(sealed, identity)
    if (again === undefined) return
    await sql`
      UPDATE user_source SET credentials = ${again} WHERE id = ${sourceId} AND credentials = ${sealed}`
    sealed = again
  }
}

/** Undefined where the source has none. Throws a NotFoundError where there is no such source, else as `Keyring.open`. */
export async function readCredentials(sql: Sql, keyring: Keyring, sourceId: string): Promise<unknown> {
  const [source] = await sql<{ credentials: Uint8Array | null }[]>`
    SELECT credentials FROM user_source WHERE id = ${sourceId}`
  if (source === undefined) throw new NotFoundError(`there is no source ${sourceId}`)
  return openCredentials(keyring, sourceId, source.credentials)
}

/** Those that were read with the row of their source. Throws as `Keyring.open`. */
export function openCredentials(keyring: Keyring, sourceId: string, sealed: Uint8Array | null): unknown {
  return sealed === null ? undefined : keyring.open(sealed, credentialsIdentity(sourceId))
}

export interface RotationReport {
  rewrapped: number
  /** Those that could not be rewrapped; the first twenty. */
  faults: { sourceId: string; reason: string }[]
  faultCount: number
}

/**
 * Puts all credentials under the keyring's current key. What is under it already is not read: run again after
 * an interruption, it goes on where it was. What is written meanwhile is left as it was written, and looked at again.
 */
export async function rotateCredentials(
  sql: Sql,
  keyring: Keyring,
  { onProgress }: { onProgress?: (rewrapped: number, total: number) => void } = {},
): Promise<RotationReport> {
  const [due] = await sql<{ total: number }[]>`
    SELECT count(*)::int AS total FROM user_source
    WHERE ${underAnotherKey(sql, keyring)}`
  const report: RotationReport = { rewrapped: 0, faults: [], faultCount: 0 }
  // A pass that changes nothing is the last one. Processes that go on sealing under an old key could make it endless.
  for (let pass = 0; pass < 5; pass++) {
    const before = report.rewrapped
    report.faults = []
    report.faultCount = 0
    for (let after = '0'; ; ) {
      const rows = await sql<Row[]>`
        SELECT id, credentials FROM user_source
        WHERE id > ${after} AND ${underAnotherKey(sql, keyring)}
        ORDER BY id LIMIT ${rowsPerStatement}`
      if (rows.length === 0) break
      after = rows.at(-1)!.id
      report.rewrapped += await rewrapRows(sql, keyring, rows, report)
      onProgress?.(report.rewrapped, Math.max(due!.total, report.rewrapped))
    }
    if (report.rewrapped === before) break
  }
  return report
}

interface Row {
  id: string
  credentials: Uint8Array
}

async function rewrapRows(sql: Sql, keyring: Keyring, rows: Row[], report: RotationReport): Promise<number> {
  const ids: string[] = []
  const before: string[] = []
  const after: string[] = []
  for (const { id, credentials } of rows) {
    try {
      const rewrapped = keyring.rewrap(credentials, credentialsIdentity(id))
      if (rewrapped === undefined) continue
      ids.push(id)
      before.push(hex(credentials))
      after.push(hex(rewrapped))
    } catch (error) {
      if (!(error instanceof SealedValueError || error instanceof UnknownKeyError)) throw error
      report.faultCount++
      if (report.faults.length < faultsKept) report.faults.push({ sourceId: id, reason: error.message })
    }
  }
  // One statement, and only where the row is still what was rewrapped.
  const updated = await retryOnContention(
    () => sql`
      UPDATE user_source SET credentials = decode(rewrapped.after, 'hex')
      FROM unnest(${ids}::bigint[], ${before}::text[], ${after}::text[]) AS rewrapped (id, before, after)
      WHERE user_source.id = rewrapped.id AND user_source.credentials = decode(rewrapped.before, 'hex')`,
  )
  return updated.count
}

/** How many credentials are under each key, by its id. */
export async function countCredentialsByKey(sql: Sql): Promise<Map<string, number>> {
  const counts = await sql<{ keyId: string; count: number }[]>`
    SELECT encode(${keyId(sql)}, 'hex') AS "keyId", count(*)::int AS count FROM user_source
    WHERE credentials IS NOT NULL GROUP BY 1`
  return new Map(counts.map(({ keyId, count }) => [keyId, count]))
}

function underAnotherKey(sql: Sql, keyring: Keyring) {
  return sql`credentials IS NOT NULL AND ${keyId(sql)} <> decode(${keyring.currentKeyId()}, 'hex')`
}

/** Where a sealed value tells its key: see src/sealing.ts. */
function keyId(sql: Sql) {
  return sql`substring(credentials FROM 2 FOR 8)`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
