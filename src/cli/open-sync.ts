import { setMaxListeners } from 'node:events'
import { loadConnectors } from '../connectors/load.ts'
import { createTransport } from '../connectors/transport.ts'
import type { Database } from '../db/database.ts'
import { loadKeyring } from '../keyring.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { CommandContext } from './terminal.ts'

/** What syncs work with in this process: connectors, keys, and the way to the providers. */
export async function openSync(
  context: CommandContext,
  db: Database,
): Promise<Omit<Scheduler, 'smooth' | 'abandoned'>> {
  const { config, log, clock, sleep, signal, shutdown } = context
  // Everything that waits listens to it.
  setMaxListeners(0, signal)
  const connectors = await loadConnectors({
    places: config.connectors,
    settingsFile: config.connectorSettings,
  })
  const transport = createTransport({ allowedHosts: config.allowedHosts })
  shutdown.register(() => transport.close())
  const keyring = loadKeyring(config)
  return { db, log, clock, sleep, signal, connectors, keyring, fetch: transport.fetch, random: Math.random }
}
