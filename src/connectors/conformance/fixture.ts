import type { Hono } from 'hono'
import type { Connector } from '../connector.ts'
import type { Faults } from '../emulator/faults.ts'
import type { Traffic } from '../emulator/traffic.ts'
import type { World, WorldAccount, WorldRow } from '../emulator/world.ts'

/** What the conformance kit, the tests and the demo need to know of a connector beside the connector itself. */
export interface ConnectorFixture {
  connector: Connector
  /** A provider of its own, with a small history up to the clock's day: accounts, rows, a pair of identical twins. */
  start(options: EmulatorOptions): EmulatedProvider
  /**
   * Cases of the kit that the provider's protocol cannot bring about, each with the reason in a sentence. They are
   * reported as left out; anything else must pass.
   */
  lacks?: Partial<Record<ConformanceCase, string>>
}

export interface EmulatorOptions {
  clock: () => Date
  /** Rows of one page; the provider's largest unless told. */
  pageSize?: number
  /** False leaves the provider's limits off: a provider of unlimited patience. */
  limits?: boolean
  /** False leaves the provider without accounts and rows, for a caller that fills the world. */
  seeded?: boolean
}

export interface EmulatedProvider {
  /** The provider's protocol, counting its traffic and meeting the planned faults before anything else. */
  app: Hono
  world: World
  traffic: Traffic
  faults: Faults
  /**
   * What connects to it, where it is served at `url`. `owner`: another connection for each number, with a limit of
   * its own where the provider counts by connection; all see the same world.
   */
  connection(url: string, owner?: number): { credentials: unknown; config: unknown; settings?: unknown }
  /** From now on its credentials are not accepted. */
  refuseCredentials(): void
  /** The row as the provider can hold it, where it is particular (a trade's legs, an asset by market). */
  rowFor?(row: WorldRow, account: WorldAccount): WorldRow
}

export const conformanceCases = [
  'manifest',
  'page-size',
  'second-sync',
  'interrupted',
  'mid-pagination',
  'rate-limited-seconds',
  'rate-limited-date',
  'rate-limited-silent',
  'refused-credentials',
  'pending-posted',
  'removed',
  'edited',
  'garbage-cursor',
  'duplicate-ids',
  'twins',
  'balances',
  'limits',
  'server-errors',
  'silence',
  'malformed',
] as const
export type ConformanceCase = (typeof conformanceCases)[number]
