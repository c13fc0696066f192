import { pino } from 'pino'
import type { Connector } from '../../src/connectors/connector.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { addSource } from '../../src/db/sources.ts'
import { createKeyring, type Keyring } from '../../src/keyring.ts'
import { createScheduler, type Scheduler } from '../../src/scheduler/scheduler.ts'
import type { TestDatabase } from './database.ts'
import type { VirtualClock } from './virtual-clock.ts'

export const testKeyring = (): Keyring =>
  createKeyring({ key: Buffer.alloc(32, 7).toString('base64'), oldKeys: [] })

export interface TestScheduler extends Scheduler {
  /** Lets syncs come to the end of their page groups. */
  drain(): void
  /** Gives up what is under way. */
  abandon(): void
}

/** A scheduler of a process of its own, on a clock that the test moves. */
export function testScheduler(
  db: TestDatabase,
  clock: VirtualClock,
  providers: { connector: Connector; host: string }[],
  parts: Partial<Scheduler> = {},
): TestScheduler {
  const draining = new AbortController()
  const abandoning = new AbortController()
  const connectors = providers.map(({ connector }) => connector)
  const transport = createTransport({ allowedHosts: providers.map(({ host }) => host) })
  return {
    ...createScheduler({
      db,
      log: pino({ level: 'silent' }),
      clock: clock.now,
      sleep: clock.sleep,
      signal: draining.signal,
      abandoned: abandoning.signal,
      connectors: {
        ids: () => connectors.map(({ id }) => id),
        get: async (id) => connectors.find((connector) => connector.id === id)!,
        settings: async () => undefined,
      },
      keyring: testKeyring(),
      fetch: transport.fetch,
      random: () => 0.5,
    }),
    ...parts,
    drain: () => draining.abort(),
    abandon: () => abandoning.abort(),
  }
}

/** Connects a user to a provider; due at once. */
export function connectSource(
  db: TestDatabase,
  userId: string | null,
  provider: { connector: Connector; credentials: object; config: object },
  clock: VirtualClock,
  name = 'connection',
): Promise<string> {
  const { connector, credentials, config } = provider
  return addSource(db.sql, testKeyring(), { connector, userId, name, config, credentials }, clock.now())
}
