import { NotFoundError } from '../errors.ts'
import type { Keyring } from '../keyring.ts'
import { type Sql, sqlState } from './client.ts'
import { keepUnderCurrentKey, type SealedColumn } from './sealed-column.ts'

/** What a source's credentials are sealed with, so that they do not open in another row or another column. */
export function credentialsIdentity(sourceId: string): string {
  return `credentials of source ${sourceId}`
}

export const credentialsColumn: SealedColumn = {
  table: 'user_source',
  column: 'credentials',
  identityOf: credentialsIdentity,
  nameOf: (sourceId) => `source ${sourceId}`,
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
  const sealed = keyring.seal(credentials, credentialsIdentity(sourceId))
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
  await keepUnderCurrentKey(sql, keyring, credentialsColumn, sourceId, sealed)
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
