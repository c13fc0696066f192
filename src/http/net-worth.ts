import { z } from '@hono/zod-openapi'
import { dayInZone } from '../calendar.ts'
import { breakdowns, intervals, readNetWorth } from '../db/net-worth.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { amount, asset, day } from './fields.ts'

const point = z
  .object({
    date: day.openapi({
      description: 'The point is the value at the end of this day, the last of its bucket.',
    }),
    netWorth: amount.openapi({ description: 'assets + liabilities.' }),
    assets: amount,
    liabilities: amount.openapi({ description: 'Zero or negative.' }),
    quality: z.enum(['exact', 'carried', 'incomplete']).openapi({
      description:
        '`carried`: a price older than its day was used. `incomplete`: what `missing` names had no price and was left out.',
    }),
    missing: z.array(z.string()),
  })
  .openapi('NetWorthPoint')

const series = z
  .object({
    currency: z.string(),
    interval: z.enum(intervals),
    from: day,
    to: day,
    points: z.array(point),
    groups: z
      .array(z.object({ key: z.string(), name: z.string(), points: z.array(point) }))
      .optional()
      .openapi({ description: 'With `by`: the same dates for each part.' }),
  })
  .openapi('NetWorth')

export const getNetWorth = defineRoute({
  method: 'get',
  path: '/v1/net-worth',
  id: 'getNetWorth',
  tag: 'Worth',
  summary: 'Net worth over time',
  description:
    'Exact at once, whatever was ingested before the request. `auto` gives days up to one year, weeks up to five, ' +
    'months beyond. A range that lies in the past has an ETag.',
  access: ['read'],
  revalidated: true,
  query: z.strictObject({
    from: day.optional().openapi({ description: 'Default: the day of the first transaction.' }),
    to: day.optional().openapi({ description: 'Default: today in the user’s time zone.' }),
    interval: z.enum(['auto', ...intervals]).default('auto'),
    currency: asset.optional().openapi({ description: 'Default: the user’s base currency.' }),
    by: z.enum(breakdowns).optional(),
  }),
  answer: { status: 200, description: 'The series.', schema: series },
  problems: ['refused'],
})

export function serveNetWorth({ serve, answers }: Api): void {
  serve(getNetWorth, async ({ query, user, now, request }) => {
    const currency = query.currency ?? user.baseCurrency
    const to = query.to ?? dayInZone(now, user.timeZone)
    const { from, interval, by } = query
    const name = `net-worth ${from ?? ''} ${to} ${interval} ${currency} ${by ?? ''}`
    return answers.send(request, user, { name, to }, (sql) =>
      readNetWorth(sql, { userId: user.userId, currency, from, to, interval, by }),
    )
  })
}
