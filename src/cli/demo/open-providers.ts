import { setMaxListeners } from 'node:events'
import { ConnectorBugError } from '../../connectors/errors.ts'
import { type Connectors, loadConnectors } from '../../connectors/load.ts'
import { createTransport } from '../../connectors/transport.ts'
import type { Database } from '../../db/database.ts'
import { loadKeyring } from '../../keyring.ts'
import type { openSync } from '../open-sync.ts'
import type { CommandContext } from '../terminal.ts'
import { pauseSources } from './connect-sources.ts'
import { type EmulatedConnection, startProviders } from './emulated-providers.ts'
import type { Household } from './household.ts'
import { type SecondBank, startSecondBank } from './second-bank.ts'

/** What syncs and HTTP work with, as `openSync` gives it, with the emulated providers behind it. */
export type DemoParts = Awaited<ReturnType<typeof openSync>>

export interface DemoProviders {
  parts: DemoParts
  emulated: EmulatedConnection[]
  secondBank: SecondBank
}

/** The household's providers, until the process stops; then every source is paused, since nobody else has them. */
export async function openProviders(
  context: CommandContext,
  db: Database,
  { household, dataDir }: { household: Household; dataDir: string },
): Promise<DemoProviders> {
  const { config, clock, sleep, signal, shutdown } = context
  // What providers refuse here, they are meant to refuse.
  const log = config.logLevel === 'warn' ? context.log.child({}, { level: 'error' }) : context.log
  // Everything that waits listens to it.
  setMaxListeners(0, signal)
  const tree = await loadConnectors({ places: [] })
  const emulated = await startProviders(tree, household, clock, shutdown)
  const secondBank = await startSecondBank(tree, household, clock, shutdown)
  const hosts = [secondBank, ...emulated].map(({ host }) => host)
  const transport = createTransport({ allowedHosts: hosts })
  shutdown.register(() => transport.close())
  shutdown.register(() => pauseSources(db, clock))
  const parts: DemoParts = {
    db,
    log,
    clock,
    sleep,
    signal,
    connectors: connectorsOf(tree, emulated, secondBank),
    // Also where the database is another's: nothing else is ever sealed there.
    keyring: loadKeyring({ ...config, databaseUrl: undefined, dataDir }),
    fetch: askingOnly(hosts, transport.fetch),
    random: Math.random,
  }
  return { parts, emulated, secondBank }
}

/** The tree's own; those that have an emulator, as they reach that. */
function connectorsOf(
  tree: Connectors,
  emulated: EmulatedConnection[],
  { address }: SecondBank,
): DemoParts['connectors'] {
  const known = new Map(emulated.map((each) => [each.id, each]))
  const simplefin = known.get('simplefin')!
  const { connector } = simplefin
  const auth = `${connector.auth} In this demo, connect a second bank by the access URL ${address}`
  known.set('simplefin', { ...simplefin, connector: { ...connector, auth } })
  return {
    ...tree,
    get: async (id) => known.get(id)?.connector ?? tree.get(id),
    settings: async (id) => (known.has(id) ? known.get(id)!.settings : tree.settings(id)),
  }
}

/** A real bank is not asked: its transactions have no place among made-up ones, nor its limits where there are none. */
function askingOnly(hosts: string[], fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (address, options) => {
    const { host } = new URL(address instanceof Request ? address.url : address)
    if (!hosts.includes(host))
      throw new ConnectorBugError(
        `the demo asks its own emulated providers alone, and ${host} is none of them`,
      )
    return fetch(address, options)
  }
}
