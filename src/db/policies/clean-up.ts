import { addDays, dayInZone } from '../../calendar.ts'
import { forgetReferences, forgetRuns, forgetSlots } from '../forget.ts'
import { mendFutureTimes } from '../future-times.ts'
import { forgetRequests } from '../idempotency.ts'
import { forgetSessions } from '../sessions.ts'
import { forgetTries } from '../try-counts.ts'
import { forgetEvents } from '../webhook-events.ts'
import { bothEngines, definePolicy } from './policy.ts'
import { wholeNumber } from './setting.ts'

/** Each takes away what nobody needs any more, a bounded number of rows a statement. */

const days = (about: string, usual: number, lowest: number) =>
  wholeNumber({ about, default: usual, lowest, highest: 36_500 })

export const runs = definePolicy({
  name: 'runs',
  about: 'forget old runs of syncs and dead letters that are closed',
  engines: bothEngines,
  settings: { keepDays: days('days they are kept', 90, 1) },
  schedule: () => ({ at: '04:27' }),
  run: async ({ sql, now, settings }) => forgotten(await forgetRuns(sql, now, settings.keepDays)),
})

export const references = definePolicy({
  name: 'references',
  about: 'forget the ids of transactions that went: removed, replaced, or never there',
  engines: bothEngines,
  settings: { keepDays: days('days they are remembered', 400, 1) },
  schedule: () => ({ at: '04:47' }),
  run: async ({ sql, now, settings }) =>
    forgotten(await forgetReferences(sql, addDays(dayInZone(now, 'UTC'), -settings.keepDays))),
})

export const futureTimes = definePolicy({
  name: 'future-times',
  about: 'put right what a worker whose clock was ahead has left behind',
  engines: bothEngines,
  settings: {},
  schedule: () => ({ everyMinutes: 60 }),
  async run({ sql, now }) {
    const { sources, slots } = await mendFutureTimes(sql, now)
    return { message: `${sources} sources, ${slots} slots` }
  },
})

export const sessions = definePolicy({
  name: 'sessions',
  about: 'forget log-ins that have ended, and their tokens',
  engines: bothEngines,
  settings: {},
  schedule: () => ({ at: '04:07' }),
  run: async ({ sql, now }) => forgotten(await forgetSessions(sql, now)),
})

export const tries = definePolicy({
  name: 'tries',
  about: 'forget counts of tries that would begin anew',
  engines: bothEngines,
  settings: {},
  schedule: () => ({ at: '03:37' }),
  run: async ({ sql, now }) => forgotten(await forgetTries(sql, now)),
})

export const idempotencyKeys = definePolicy({
  name: 'idempotency-keys',
  about: 'forget keys of requests that nobody will send again',
  engines: bothEngines,
  settings: { keepDays: days('days they are remembered', 2, 1) },
  schedule: () => ({ at: '03:57' }),
  run: async ({ sql, now, settings }) => forgotten(await forgetRequests(sql, now, settings.keepDays)),
})

export const webhookEvents = definePolicy({
  name: 'webhook-events',
  about: 'forget notifications of providers that will not come again',
  engines: bothEngines,
  settings: { keepDays: days('days they are remembered', 14, 1) },
  schedule: () => ({ at: '03:47' }),
  run: async ({ sql, now, settings }) => forgotten(await forgetEvents(sql, now, settings.keepDays)),
})

export const slots = definePolicy({
  name: 'slots',
  about: 'forget slots of request budgets that nobody uses any more',
  engines: bothEngines,
  settings: { unusedDays: days('days without use, more than any budget spans', 40, 1) },
  schedule: () => ({ at: '05:07' }),
  run: async ({ sql, now, settings }) => forgotten(await forgetSlots(sql, now, settings.unusedDays)),
})

const forgotten = (rows: number) => ({ message: `${rows} rows forgotten` })
