import type { Context } from '../context.ts'
import type { Connector } from '../connectors/connector.ts'
import type { Database } from '../db/database.ts'
import type { Keyring } from '../keyring.ts'
import { createSmoothing, type Smooth } from './smoothing.ts'

/** The connectors that are known here, in the tree and outside of it. */
export interface Connectors {
  all(): Promise<Connector[]>
  /** Throws a RefusedError where there is none of that id. */
  get(id: string): Promise<Connector>
  /** What the platform configured for it. Throws a RefusedError where that is not what the connector takes. */
  settings(connector: Connector): unknown
}

/** What every sync works with. */
export interface Scheduler extends Pick<Context, 'log' | 'clock' | 'sleep' | 'signal'> {
  db: Database
  connectors: Connectors
  keyring: Keyring
  /** From src/connectors/transport.ts. */
  fetch: typeof globalThis.fetch
  /** Aborted when running syncs are not waited for any more; `signal` lets them come to the end of a page group. */
  abandoned: AbortSignal
  /** From 0 up to 1. */
  random: () => number
  smooth: Smooth
}

export function createScheduler(parts: Omit<Scheduler, 'smooth'>): Scheduler {
  return { ...parts, smooth: createSmoothing() }
}
