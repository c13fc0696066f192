import { z } from '@hono/zod-openapi'
import { readNewestTransactions } from '../archive/newest-transactions.ts'
import { dayInZone } from '../calendar.ts'
import { readNetWorth } from '../db/net-worth.ts'
import type { Transaction } from '../db/transactions.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { amount, id, limit } from './fields.ts'

const feed = z
  .object({
    user_id: id,
    balance: amount.openapi({
      description:
        'What the user is worth today, in the user’s base currency: the right edge of /v1/net-worth.',
    }),
    transactions: z.array(
      z.object({
        id: z.string(),
        name: z.string().openapi({ description: 'Whom it was with, else what it was.' }),
        amount: amount.openapi({
          description: 'Positive into the account, in the asset that moved, which /v1/transactions tells.',
        }),
        timestamp: z.string().openapi({
          format: 'date-time',
          description: 'The instant; where only the day is known, its midnight in UTC.',
        }),
      }),
    ),
    archived: z
      .literal(true)
      .optional()
      .openapi({
        description:
          'There where the transactions reach into the archive, whose files are read more slowly. Where these cannot be read just now, ' +
          'the newest that do not lie there are told, and it is there all the same: there may be fewer than there are.',
      }),
  })
  .openapi('Feed')

export const getFeed = defineRoute({
  method: 'get',
  path: '/v1/feed',
  id: 'getFeed',
  tag: 'Worth',
  summary: 'What a wallet’s first screen shows: the balance and the newest transactions',
  access: ['read'],
  query: z.strictObject({ limit: limit(200, 50) }),
  answer: { status: 200, description: 'The feed, consistent with all that was ingested.', schema: feed },
})

export function serveFeed({ serve, answers, parts: { archive: store, clock, log } }: Api): void {
  serve(getFeed, async ({ query, user, now, request, requestId }) => {
    const today = dayInZone(now, user.timeZone)
    const { userId, baseCurrency: currency } = user
    const name = `feed ${today} ${currency} ${query.limit}`
    return answers.send(request, user, { name, to: undefined }, async (sql, apart, passing) => {
      const [worth, { transactions, archived, fault }] = await Promise.all([
        readNetWorth(sql, { userId, currency, from: today, to: today, interval: 'day' }),
        readNewestTransactions({ sql, store, clock, apart }, { userId, limit: query.limit, today }),
      ])
      if (fault) {
        passing()
        log.warn({ requestId, err: fault }, 'a feed ends before the archive, which could not be read')
      }
      return {
        user_id: userId,
        balance: worth.points[0]!.netWorth,
        transactions: transactions.map(item),
        ...(archived && { archived }),
      } satisfies z.input<typeof feed>
    })
  })
}

function item({ id, counterparty, description, kind, amount, date, time }: Transaction) {
  return {
    id,
    name: counterparty ?? description ?? kind,
    amount,
    timestamp: time ?? `${date}T00:00:00.000Z`,
  }
}
