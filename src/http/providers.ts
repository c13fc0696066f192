import { clientLimitsOf, connectionLimitsOf } from '../connectors/connection-limits.ts'
import type { Connectors } from '../connectors/load.ts'
import type { Sql } from '../db/client.ts'
import { readSourceTypes } from '../db/source-types.ts'
import { type ProviderStatus, readSyncStatus } from '../db/sync-status.ts'

/** How the syncs with each provider stand. Of the connectors, only those are loaded that ever had a source. */
export async function readProviders(
  sql: Sql,
  connectors: Pick<Connectors, 'ids' | 'get'>,
  now: Date,
): Promise<ProviderStatus[]> {
  const used = await readSourceTypes(sql)
  const known = connectors.ids().filter((id) => used.includes(id))
  const loaded = await Promise.all(known.map((id) => connectors.get(id)))
  return readSyncStatus(sql, loaded.flatMap(clientLimitsOf), loaded.flatMap(connectionLimitsOf), now)
}
