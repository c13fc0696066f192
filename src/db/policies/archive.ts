import { bothEngines, definePolicy, type Outcome, type Policy, type PolicyRun } from './policy.ts'
import { wholeNumber, wholeNumberOrOff } from './setting.ts'

/** Moves the detail of transactions of more than so many days ago to files; their sums stay. */
export type ArchiveRunner = (run: PolicyRun<{ afterDays: number }>) => Promise<Outcome>

/** Writes files anew without accounts that are gone, and removes those that nothing is read from. */
export type ArchiveFilesRunner = (run: PolicyRun<{ keepUnusedDays: number }>) => Promise<Outcome>

/** Off unless it is set. It can be set where no archive is configured, and is not run there. */
export const archive = (runner?: ArchiveRunner): Policy =>
  definePolicy({
    name: 'archive',
    about: 'move the detail of old transactions to files; their sums stay',
    engines: bothEngines,
    settings: {
      afterDays: wholeNumberOrOff({ about: 'days of which the detail stays', lowest: 1, highest: 100_000 }),
    },
    runnable: runner !== undefined,
    schedule: ({ afterDays }) => (afterDays === null ? undefined : { at: '05:30' }),
    async run({ settings: { afterDays }, ...run }) {
      if (!runner || afterDays === null) return { message: 'it is off' }
      return runner({ ...run, settings: { afterDays } })
    },
  })

/** Whether anything more is archived or not: accounts go from files that are there. Not run where no archive is configured. */
export const archiveFiles = (runner?: ArchiveFilesRunner): Policy =>
  definePolicy({
    name: 'archive-files',
    about: 'take accounts that are gone out of the archive, and remove files that nothing is read from',
    engines: bothEngines,
    settings: {
      keepUnusedDays: wholeNumber({
        about:
          'days that files are kept for from which nothing is read any more: older backups may need them',
        default: 90,
        lowest: 1,
        highest: 36_500,
      }),
    },
    runnable: runner !== undefined,
    schedule: () => ({ at: '05:50' }),
    async run(run) {
      if (!runner) return { message: 'no archive is configured' }
      return runner(run)
    },
  })
