import type { ArchiveStore } from '../archive/store.ts'
import type { Connectors } from '../connectors/load.ts'
import type { Context } from '../context.ts'
import type { Sql } from '../db/client.ts'
import type { Database } from '../db/database.ts'
import type { Keyring } from '../keyring.ts'

/** What the HTTP layer works with. */
export interface HttpParts extends Pick<Context, 'log' | 'clock' | 'sleep' | 'signal'> {
  db: Database
  /** Connections for reads that may take long; those of `db` where there are none. */
  reads?: Sql | undefined
  /** A replica to read from where it has caught up; undefined where there is none. */
  replica?: Sql | undefined
  /** Where the detail of old transactions lies; undefined where no archive is configured. */
  archive?: ArchiveStore | undefined
  connectors: Pick<Connectors, 'ids' | 'get' | 'settings'>
  keyring: Keyring
  /** From src/connectors/transport.ts. */
  fetch: typeof globalThis.fetch
  /** From 0 up to 1. */
  random: () => number
  /** Requests that one caller may make in a minute. */
  requestsPerMinute: number
  /** Proxies in front, each of which adds the address it was asked from to X-Forwarded-For. */
  trustedProxies: number
  /** The folder of the built dashboard; undefined where it is not served. */
  dashboard?: string | undefined
  /** Whether syncs run in this process: `stopped` where they should and do not. */
  scheduler: () => 'running' | 'elsewhere' | 'stopped'
}
