import type { Connectors } from '../connectors/load.ts'
import type { Context } from '../context.ts'
import type { Database } from '../db/database.ts'
import type { Keyring } from '../keyring.ts'
import { createSmoothing, type Smooth } from './smoothing.ts'

export interface Abandonable {
  /** Aborted when running syncs are not waited for any more; `signal` lets them come to the end of a page group. */
  abandoned: AbortSignal
}

/** What every sync works with. */
export interface Scheduler extends Pick<Context, 'log' | 'clock' | 'sleep' | 'signal'>, Abandonable {
  db: Database
  connectors: Pick<Connectors, 'ids' | 'get' | 'settings'>
  keyring: Keyring
  /** From src/connectors/transport.ts. */
  fetch: typeof globalThis.fetch
  /** From 0 up to 1. */
  random: () => number
  smooth: Smooth
  /** Milliseconds after which a request without an answer is given up; 30,000 unless told. */
  requestTimeout?: number
  /** Whether times may be written by this clock (clock-guard.ts); always, unless told. */
  clockAgrees?: () => Promise<boolean>
}

export function createScheduler(parts: Omit<Scheduler, 'smooth'>): Scheduler {
  return { ...parts, smooth: createSmoothing() }
}
