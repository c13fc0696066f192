import { ensurePartitionsAhead, usualMonthsAhead } from '../partitions.ts'
import { definePolicy } from './policy.ts'
import { wholeNumber } from './setting.ts'

export const partitions = definePolicy({
  name: 'partitions',
  about: 'make the partitions of the coming months, so that no page has to',
  engines: ['plain'],
  settings: {
    monthsAhead: wholeNumber({ about: 'months ahead', default: usualMonthsAhead, lowest: 1, highest: 120 }),
  },
  schedule: () => ({ at: '03:17' }),
  async run({ sql, now, settings: { monthsAhead } }) {
    await ensurePartitionsAhead(sql, now, monthsAhead)
    return { message: `partitions are there for ${monthsAhead} months ahead` }
  },
})
