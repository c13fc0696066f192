import type { Sql } from '../client.ts'
import type { Engine } from '../engine.ts'
import type { Schedule } from './schedule.ts'
import type { Setting, Value } from './setting.ts'

/** What a run works with. It writes in statements that are whole by themselves: it may be broken off behind any. */
export interface PolicyRun<Values> {
  sql: Sql
  engine: Engine
  now: Date
  settings: Values
  /** Aborted where the run is to end soon, at what is done then. */
  signal: AbortSignal
  /** So many of so many steps are done. */
  progress(done: number, all: number): void
}

export interface Outcome {
  /** What was done, in a few words. */
  message: string
  /** True where something is left that somebody else held: it is run again before its time. */
  again?: boolean
}

/** What TimescaleDB's own jobs have to be told when a setting changes; see sql/functions/0031_set_policy.sql. */
export interface TimescaleJobs {
  columnstoreAfterDays?: number
  refreshDays?: number
  refreshMinutes?: number
}

/** Something that the database needs done again and again. */
export interface Policy {
  name: string
  about: string
  /** Where there is anything to do. */
  engines: readonly Engine[]
  settings: Record<string, Setting>
  /** False where the part that does it is not there. */
  runnable?: boolean
  /** Undefined where it is off. */
  schedule(values: Record<string, Value>): Schedule | undefined
  jobs?(values: Record<string, Value>): TimescaleJobs
  run(run: PolicyRun<Record<string, Value>>): Promise<Outcome>
}

type ValuesOf<Settings> = { [Name in keyof Settings]: Settings[Name] extends Setting<infer V> ? V : never }

/** A policy whose functions know its settings by their types. */
export function definePolicy<const Settings extends Record<string, Setting>>(
  policy: Omit<Policy, 'settings' | 'schedule' | 'jobs' | 'run'> & {
    settings: Settings
    schedule(values: ValuesOf<Settings>): Schedule | undefined
    jobs?(values: ValuesOf<Settings>): TimescaleJobs
    run(run: PolicyRun<ValuesOf<Settings>>): Promise<Outcome>
  },
): Policy {
  return policy as unknown as Policy
}

export const bothEngines = ['timescale', 'plain'] as const
