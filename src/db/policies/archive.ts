import { bothEngines, definePolicy, type Outcome, type Policy, type PolicyRun } from './policy.ts'
import { wholeNumber, wholeNumberOrOff } from './setting.ts'

/** Moves the detail of transactions of more than so many days ago to files; their sums stay. */
export type ArchiveRunner = (
  run: PolicyRun<{ afterDays: number; keepUnusedDays: number }>,
) => Promise<Outcome>

/** Off unless it is set. It can be set where no archive is configured, and is not run there. */
export const archive = (runner?: ArchiveRunner): Policy =>
  definePolicy({
    name: 'archive',
    about: 'move the detail of old transactions to files; their sums stay',
    engines: bothEngines,
    settings: {
      afterDays: wholeNumberOrOff({ about: 'days of which the detail stays', lowest: 1, highest: 100_000 }),
      keepUnusedDays: wholeNumber({
        about:
          'days that files are kept for from which nothing is read any more: older backups may need them',
        default: 90,
        lowest: 1,
        highest: 36_500,
      }),
    },
    runnable: runner !== undefined,
    schedule: ({ afterDays }) => (afterDays === null ? undefined : { at: '05:30' }),
    async run({ settings: { afterDays, keepUnusedDays }, ...run }) {
      if (!runner || afterDays === null) return { message: 'it is off' }
      return runner({ ...run, settings: { afterDays, keepUnusedDays } })
    },
  })
