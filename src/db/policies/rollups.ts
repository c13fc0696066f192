import { dayInZone } from '../../calendar.ts'
import { type RollupPass, refreshDeep, refreshRecent } from '../rollups.ts'
import { definePolicy, type Outcome } from './policy.ts'
import { timeOfDay, wholeNumber } from './setting.ts'

/** Often and near: what writes of today and yesterday touch. */
export const rollups = definePolicy({
  name: 'rollups',
  about: 'refresh the daily and monthly flows of the last days',
  engines: ['timescale'],
  settings: {
    days: wholeNumber({
      // A policy of TimescaleDB has to span two buckets, and a month is one.
      about: 'days back that are refreshed; marks further back wait for deep-rollups',
      default: 120,
      lowest: 62,
      highest: 3650,
    }),
    everyMinutes: wholeNumber({ about: 'minutes between two runs', default: 1, lowest: 1, highest: 1440 }),
  },
  schedule: ({ everyMinutes }) => ({ everyMinutes }),
  jobs: ({ days, everyMinutes }) => ({ refreshDays: days, refreshMinutes: everyMinutes }),
  run: async ({ sql, engine, now, settings: { days } }) =>
    outcomeOf(await refreshRecent(sql, engine, { days, today: dayInZone(now, 'UTC') })),
})

/** Once a night, and as far back as anything is marked. */
export const deepRollups = definePolicy({
  name: 'deep-rollups',
  about: 'refresh whatever late writes touched, in batches from the newest months to the oldest',
  engines: ['timescale'],
  settings: {
    at: timeOfDay({ about: 'when it begins, in UTC', default: '02:10' }),
    batchMonths: wholeNumber({
      about: 'months that one refresh holds',
      default: 12,
      lowest: 1,
      highest: 120,
    }),
  },
  schedule: ({ at }) => ({ at }),
  run: async ({ sql, engine, now, settings: { batchMonths }, signal, progress }) =>
    outcomeOf(
      await refreshDeep(
        sql,
        engine,
        { batchMonths, today: dayInZone(now, 'UTC') },
        { signal, onWindow: progress },
      ),
    ),
})

function outcomeOf({ cleared, stale, window, busy, windows }: RollupPass): Outcome {
  const parts = []
  if (window) parts.push(`${window.from} to ${window.to} refreshed, marks of ${cleared} users cleared`)
  if (stale > 0) parts.push(`marks of ${stale} users stay, whose rows and flows differ`)
  if (busy) parts.push('another refresh holds the rest')
  if (!busy && windows.done < windows.all)
    parts.push(`stopped behind ${windows.done} of ${windows.all} batches`)
  return { message: parts.join('; ') || 'nothing was marked', again: windows.done < windows.all }
}
