import { RefusedError } from '../../errors.ts'
import type { Settings } from './settings.ts'

/** What the registered connectors need of the policies, and who needs it; the caller knows them. */
export interface ConnectorFacts {
  /** The longest for which one changes rows that it has given. */
  mutable?: { connector: string; days: number }
  /** The longest window of a request budget. */
  budget?: { connector: string; days: number }
}

/**
 * TimescaleDB's policy on monthly_flow spans 400 days at least (sql/functions/0031_set_policy.sql), and the same counts
 * on plain, so that an installation can change its server.
 */
const monthlyWindowDays = 400

/**
 * Refuses settings that cannot be beside each other: each sentence names both, and the reason. A setting that an engine
 * does not have contradicts nothing.
 */
export function refuseImpossible(
  settings: Settings,
  { mutable, budget }: ConnectorFacts,
  rawRetentionDays: number | undefined,
): void {
  const number = (policy: string, setting: string) => settings[policy]?.[setting] as number | null | undefined
  const columnstoreAfter = number('columnstore', 'afterDays')
  const refreshDays = number('rollups', 'days')
  const archiveAfter = number('archive', 'afterDays')
  const keepReferences = number('references', 'keepDays')!
  const unusedDays = number('slots', 'unusedDays')!
  const archive = `${rawRetentionDays === undefined ? 'archive.afterDays' : 'TIDEMARK_RAW_RETENTION_DAYS'}=${archiveAfter}`
  const faults: string[] = []

  if (mutable && columnstoreAfter != null && columnstoreAfter < mutable.days)
    faults.push(
      `columnstore.afterDays=${columnstoreAfter} is refused beside history.mutableDays=${mutable.days} of the connector ` +
        `${mutable.connector}: it still changes rows of so many days ago, and each change would rewrite what is ` +
        `compressed; set it to ${mutable.days} or more`,
    )
  if (mutable && keepReferences < mutable.days)
    faults.push(
      `references.keepDays=${keepReferences} is refused beside history.mutableDays=${mutable.days} of the connector ` +
        `${mutable.connector}: what it says again of a transaction that went would bring that back; set it to ` +
        `${mutable.days} or more`,
    )
  if (budget && unusedDays <= budget.days)
    faults.push(
      `slots.unusedDays=${unusedDays} is refused beside the request budget of the connector ${budget.connector}, which ` +
        `spans ${budget.days} days: slots that still count would be forgotten, and its limit exceeded; set it to more ` +
        `than ${budget.days}`,
    )
  if (archiveAfter != null) {
    const windowDays = Math.max(monthlyWindowDays, refreshDays ?? 0)
    if (archiveAfter <= windowDays)
      faults.push(
        `${archive} is refused beside ${
          windowDays > monthlyWindowDays
            ? `rollups.days=${refreshDays}`
            : `the ${monthlyWindowDays} days that the monthly flows are refreshed from`
        }: days that are still summed anew have to be there in full; let the detail stay for more than ${windowDays} days`,
      )
    if (columnstoreAfter != null && archiveAfter <= columnstoreAfter)
      faults.push(
        `${archive} is refused beside columnstore.afterDays=${columnstoreAfter}: the detail would leave before it is ` +
          'compressed; let it stay for longer than that',
      )
    if (mutable && archiveAfter <= mutable.days)
      faults.push(
        `${archive} is refused beside history.mutableDays=${mutable.days} of the connector ${mutable.connector}: it still ` +
          `changes transactions of so many days ago, and each change would bring a month back; let the detail stay for more ` +
          `than ${mutable.days} days`,
      )
  }
  if (faults.length > 0) throw new RefusedError(faults.join('; '))
}
