import { bothEngines, definePolicy, type Outcome, type Policy, type PolicyRun } from './policy.ts'
import { wholeNumberOrOff } from './setting.ts'

/** Puts transactions of more than so many days ago elsewhere. */
export type ArchiveRunner = (run: PolicyRun<{ afterDays: number }>) => Promise<Outcome>

/** Off unless it is set; without a runner it can be set, and is not run. */
export const archive = (runner?: ArchiveRunner): Policy =>
  definePolicy({
    name: 'archive',
    about: 'put old transactions into cold storage; the flows stay',
    engines: bothEngines,
    settings: {
      afterDays: wholeNumberOrOff({ about: 'days that are kept as rows', lowest: 1, highest: 100_000 }),
    },
    runnable: runner !== undefined,
    schedule: ({ afterDays }) => (afterDays === null ? undefined : { at: '05:30' }),
    async run({ settings: { afterDays }, ...run }) {
      if (!runner || afterDays === null) return { message: 'it is off' }
      return runner({ ...run, settings: { afterDays } })
    },
  })
