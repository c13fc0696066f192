import { listAccounts } from '../../db/accounts.ts'
import type { Database } from '../../db/database.ts'
import { retryDeadLetters } from '../../db/dead-letters.ts'
import { addSource, listSources, reconnectSource, setSourceStatus } from '../../db/sources.ts'
import { RefusedError } from '../../errors.ts'
import type { Keyring } from '../../keyring.ts'
import { nameEnding } from './connections.ts'
import type { EmulatedConnection } from './emulated-providers.ts'

export interface ConnectedSource extends EmulatedConnection {
  sourceId: string
}

/**
 * Connects the household to its providers: once, and again where they listen at another port now. What its owner has
 * removed and kept the history of is left out: it would come a second time.
 */
export async function connectSources(
  db: Database,
  keyring: Keyring,
  userId: string,
  emulated: EmulatedConnection[],
  clock: () => Date,
): Promise<ConnectedSource[]> {
  const known = await listSources(db.sql)
  const accounts = await listAccounts(db.sql, userId)
  const connected: ConnectedSource[] = []
  for (const connection of emulated) {
    const { connector, name, scope, credentials, config, accountIds } = connection
    const owner = scope === 'user' ? userId : null
    const held = accounts.find(
      (account) => account.connector === connector.id && accountIds.includes(account.externalId),
    )
    if (held && !held.synced) continue
    // It may bear another name by now.
    const { id } =
      known.find(
        (each) =>
          each.id === held?.sourceId ||
          (each.connector === connector.id && each.name === name && each.userId === owner),
      ) ?? {}
    if (id === undefined) {
      const source = { connector, userId: owner, name, config, credentials: asStored(credentials) }
      connected.push({ ...connection, sourceId: await addSource(db.sql, keyring, source, clock()) })
    } else {
      await reconnectSource(db.sql, keyring, id, { config, credentials: asStored(credentials) }, clock())
      await retryDeadLetters(db.sql, { sourceId: id }, clock())
      connected.push({ ...connection, sourceId: id })
    }
  }
  return connected
}

/** Nobody but the demo can sync them, what was connected in its dashboard, too: behind them there is no provider. */
export async function pauseSources(db: Database, clock: () => Date): Promise<void> {
  const message = 'emulated: the providers are there while tidemark demo runs'
  for (const { id, status } of await listSources(db.sql))
    if (status === 'active') await setSourceStatus(db.sql, id, 'paused', clock(), message)
}

/**
 * The emulators are asked for every source of their connectors. Those of households whose demo was killed are paused; a
 * real connection must not come to them, which only the platform can have here. Throws a RefusedError where there is one.
 */
export async function setOthersAside(db: Database, clock: () => Date): Promise<void> {
  const real = (await listSources(db.sql)).find(
    ({ status, userId, name }) => status === 'active' && userId === null && !name.endsWith(nameEnding),
  )
  if (real)
    throw new RefusedError(
      `source ${real.id}, ${real.name}, is none of the demo’s, whose emulators would be asked for it: pause it with tidemark source pause ${real.id}`,
    )
  await pauseSources(db, clock)
}

/** A connector that needs none has none. */
function asStored(credentials: object): object | undefined {
  return Object.keys(credentials).length === 0 ? undefined : credentials
}
