import { instantOrNull } from '../client.ts'
import { policiesOf } from './all.ts'
import { describeSchedule } from './schedule.ts'
import type { Value } from './setting.ts'
import { originOf, type PolicyBase, type SettingOrigin, valuesOf } from './settings.ts'

/** A policy as it is set, and how it goes. */
export interface PolicyState {
  name: string
  about: string
  settings: { name: string; value: Value; default: Value; origin: SettingOrigin; about: string }[]
  /** Such as `daily at 02:10 UTC`, or `off`. */
  schedule: string
  /** Null where none is planned. */
  nextRun: Date | null
  /** When the last run began; null where there was none. */
  lastRun: Date | null
  /** When it ended; null while it runs, and where it was broken off. */
  lastEnd: Date | null
  running: boolean
  /** Of the last run that ended. */
  lastStatus: 'succeeded' | 'failed' | null
  lastMessage: string | null
  /** Runs that failed, of all. */
  failures: number
}

/** Those of the engine, in the order of their list. */
export async function readPolicyStates(
  { sql, engine, rawRetentionDays }: PolicyBase,
  now: Date,
): Promise<PolicyState[]> {
  const rows = await sql`SELECT * FROM policy`
  const known = new Map(rows.map((row) => [row.name, row]))
  return policiesOf(engine).map((policy) => {
    const row = known.get(policy.name)
    const values = valuesOf(policy, row?.settings, rawRetentionDays)
    const schedule = policy.schedule(values)
    const leaseUntil = instantOrNull(row?.lease_until ?? null)
    return {
      name: policy.name,
      about: policy.about,
      settings: Object.entries(policy.settings).map(([name, setting]) => ({
        name,
        value: values[name]!,
        default: setting.default,
        origin: originOf(policy, name, row?.settings, rawRetentionDays),
        about: setting.about,
      })),
      schedule: schedule ? describeSchedule(schedule) : 'off',
      nextRun: schedule ? instantOrNull(row?.next_run_at ?? null) : null,
      lastRun: instantOrNull(row?.started_at ?? null),
      lastEnd: instantOrNull(row?.ended_at ?? null),
      running: leaseUntil !== null && leaseUntil > now,
      lastStatus: row?.status ?? null,
      lastMessage: row?.message ?? null,
      failures: row?.failures ?? 0,
    }
  })
}
