import { daysBetween } from '../../calendar.ts'
import type { Connector } from '../../connectors/connector.ts'
import { listen } from '../../connectors/emulator/listen.ts'
import type { Connectors } from '../../connectors/load.ts'
import type { Shutdown } from '../../shutdown.ts'
import { type Connection, connections } from './connections.ts'
import type { Household } from './household.ts'

/** A provider that listens on this machine and holds what the household has there. */
export interface EmulatedConnection extends Connection {
  connector: Connector
  /** `host:port`. */
  host: string
  /** What the provider calls the accounts there. */
  accountIds: string[]
  credentials: object
  config: object
  settings: unknown
}

/** Serves every provider of the household over HTTP on loopback, until the shutdown. */
export async function startProviders(
  connectors: Connectors,
  household: Household,
  clock: () => Date,
  shutdown: Shutdown,
): Promise<EmulatedConnection[]> {
  const started: EmulatedConnection[] = []
  for (const connection of connections) {
    const { id } = connection
    const fixture = await connectors.fixture(id)
    const provider = fixture.start({ clock, limits: false, seeded: false })
    connection.fill(provider.world, household)
    const { url, host, close } = await listen(provider.app)
    shutdown.register(close)
    const { credentials, config, settings } = provider.connection(url)
    started.push({
      ...connection,
      connector: withoutLimits(await connectors.get(id), household),
      host,
      accountIds: provider.world.accounts().map((account) => account.id),
      credentials: credentials as object,
      config: { ...(config as object), ...connection.config },
      settings,
    })
  }
  return started
}

/** Of one request for history. By SimpleFIN's 43 there would be a hundred, each a step of its own. */
const windowDays = 180

/** As the connector is, for providers of unlimited patience which keep all that the household did. */
function withoutLimits(connector: Connector, { from, today }: Household): Connector {
  const { history } = connector
  return {
    ...connector,
    limits: [],
    history: {
      ...history,
      maxDays: Math.max(history.maxDays, daysBetween(from, today)),
      ...(history.windowDays !== undefined && { windowDays }),
    },
  }
}
