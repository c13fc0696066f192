import { afterAll } from 'vitest'
import type { EmulatorOptions } from '../../src/connectors/conformance/fixture.ts'
import type { Connector } from '../../src/connectors/connector.ts'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { claimSources } from '../../src/db/claims.ts'
import { NotFoundError } from '../../src/errors.ts'
import type { HttpParts } from '../../src/http/parts.ts'
import { syncSource } from '../../src/scheduler/sync-source.ts'
import type { TestDatabase } from './database.ts'
import { testScheduler } from './scheduling.ts'
import type { VirtualClock } from './virtual-clock.ts'

const closes: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closes) await close()
})

export interface ServedProvider<Provider> extends ListeningEmulator {
  connector: Connector
  provider: Provider
  /** What connects to it. */
  connection: { credentials: object; config: object; settings?: object }
}

/** An emulator over HTTP, until the file's tests have ended. */
export async function serveProvider<
  Provider extends { app: Parameters<typeof listen>[0]; connection(url: string): unknown },
>(
  fixture: { connector: Connector; start(options: EmulatorOptions): Provider },
  options: EmulatorOptions,
): Promise<ServedProvider<Provider>> {
  const provider = fixture.start(options)
  const served = await listen(provider.app)
  closes.push(served.close)
  const connection = provider.connection(served.url) as ServedProvider<Provider>['connection']
  return { ...served, connector: fixture.connector, provider, connection }
}

interface Reachable {
  connector: Connector
  host: string
  connection: { settings?: object }
}

/** An installation that knows these connectors, and reaches their providers alone. */
export function partsFor(served: Reachable[]): Pick<HttpParts, 'connectors' | 'fetch'> {
  const of = (id: string) => {
    const found = served.find(({ connector }) => connector.id === id)
    if (!found) throw new NotFoundError(`there is no connector "${id}"`)
    return found
  }
  const transport = createTransport({ allowedHosts: served.map(({ host }) => host) })
  closes.push(transport.close)
  return {
    fetch: transport.fetch,
    connectors: {
      ids: () => served.map(({ connector }) => connector.id),
      get: async (id) => of(id).connector,
      settings: async (id) => {
        const { connector, connection } = of(id)
        return connector.settings?.parse(connection.settings)
      },
    },
  }
}

/** Syncs what is due by now, until nothing is; returns how many syncs that were. */
export async function syncDue(db: TestDatabase, clock: VirtualClock, served: Reachable[]): Promise<number> {
  for (let syncs = 0; syncs < 500; syncs++) {
    const sync = await claimNext(db, clock, served)
    if (!sync) return syncs
    await sync()
  }
  throw new Error('it does not come to an end')
}

/** Claims what is due first, and gives what syncs it; undefined where nothing is. */
export async function claimNext(
  db: TestDatabase,
  clock: VirtualClock,
  served: Reachable[],
): Promise<(() => Promise<unknown>) | undefined> {
  const { fetch, connectors } = partsFor(served)
  const scheduler = testScheduler(db, clock, served, { fetch, connectors })
  const wanted = connectors.ids().map((connector) => ({ connector, most: 1, mostBackfill: 1, cap: 1_000 }))
  const [claim] = await claimSources(db.sql, wanted, 1, clock.now(), 60)
  return claim && (() => syncSource(scheduler, claim))
}
