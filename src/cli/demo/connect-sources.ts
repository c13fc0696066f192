import type { Database } from '../../db/database.ts'
import { retryDeadLetters } from '../../db/dead-letters.ts'
import { addSource, listSources, reconnectSource, setSourceStatus } from '../../db/sources.ts'
import { RefusedError } from '../../errors.ts'
import type { Keyring } from '../../keyring.ts'
import { connections, nameEnding } from './connections.ts'
import type { EmulatedConnection } from './emulated-providers.ts'

export interface ConnectedSource extends EmulatedConnection {
  sourceId: string
}

/** Connects the household to its providers: once, and again where they listen at another port now. */
export async function connectSources(
  db: Database,
  keyring: Keyring,
  userId: string,
  emulated: EmulatedConnection[],
  clock: () => Date,
): Promise<ConnectedSource[]> {
  const known = await listSources(db.sql)
  const connected: ConnectedSource[] = []
  for (const connection of emulated) {
    const { connector, name, scope, credentials, config } = connection
    const owner = scope === 'user' ? userId : null
    const { id } =
      known.find((each) => each.connector === connector.id && each.name === name && each.userId === owner) ??
      {}
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

/** Nobody but the demo can sync them: behind it there is no provider. */
export async function pauseSources(
  db: Database,
  sources: { sourceId: string }[],
  clock: () => Date,
): Promise<void> {
  const message = 'emulated: the providers are there while tidemark demo runs'
  for (const { sourceId } of sources) await setSourceStatus(db.sql, sourceId, 'paused', clock(), message)
}

/**
 * The emulators are asked for every source of their connectors. Those of another household, whose demo was killed,
 * are paused; a real connection must not come to them. Throws a RefusedError where there is one.
 */
export async function setOthersAside(db: Database, clock: () => Date): Promise<void> {
  const active = (await listSources(db.sql)).filter(
    ({ connector, status }) => status === 'active' && connections.some(({ id }) => id === connector),
  )
  const real = active.find(({ name }) => !name.endsWith(nameEnding))
  if (real)
    throw new RefusedError(
      `source ${real.id}, ${real.name}, is none of the demo’s, whose emulators would be asked for it: pause it with tidemark source pause ${real.id}`,
    )
  await pauseSources(
    db,
    active.map(({ id }) => ({ sourceId: id })),
    clock,
  )
}

/** A connector that needs none has none. */
function asStored(credentials: object): object | undefined {
  return Object.keys(credentials).length === 0 ? undefined : credentials
}
