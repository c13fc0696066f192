import { z } from '@hono/zod-openapi'
import { dayInZone } from '../calendar.ts'
import { hasAccount } from '../db/accounts.ts'
import { readAssetBalances, readBalances } from '../db/balances.ts'
import type { Sql } from '../db/client.ts'
import { NotFoundError } from '../errors.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { amount, asset, day, id } from './fields.ts'

const balance = z
  .object({
    accountId: id.nullable().openapi({ description: 'Null where all accounts are added up.' }),
    at: day,
    balances: z.array(
      z.object({
        asset: z.string(),
        quantity: amount,
        value: amount.nullable().openapi({ description: 'In `currency`; null where a price is missing.' }),
        currency: z.string(),
      }),
    ),
    reported: amount.nullable().openapi({
      description:
        'The newest balance that the source reported on or before the day, of an account of which it reports one ' +
        'asset; else null, and /v1/accounts/{id} tells them by asset.',
    }),
    difference: amount.nullable().openapi({
      description: '`reported` less what the transactions added up to on the day of the report.',
    }),
  })
  .openapi('Balance')

export const getBalance = defineRoute({
  method: 'get',
  path: '/v1/balance',
  id: 'getBalance',
  tag: 'Worth',
  summary: 'What an account, or all of them together, held at the end of a day',
  access: ['read'],
  revalidated: true,
  query: z.strictObject({
    accountId: id.optional().openapi({ description: 'Without it: all accounts together.' }),
    at: day.optional().openapi({ description: 'Default: today in the user’s time zone.' }),
    currency: asset.optional().openapi({ description: 'Default: the user’s base currency.' }),
  }),
  answer: {
    status: 200,
    description: 'Balances by asset, those that came and went with quantity 0.',
    schema: balance,
  },
  problems: ['not-found'],
})

export function serveBalance({ serve, answers }: Api): void {
  serve(getBalance, async ({ query, user, now, request }) => {
    const currency = query.currency ?? user.baseCurrency
    const at = query.at ?? dayInZone(now, user.timeZone)
    const { accountId } = query
    const name = `balance ${accountId ?? ''} ${at} ${currency}`
    return answers.send(request, user, { name, to: at }, async (sql) => {
      const question = { userId: user.userId, at, currency }
      if (accountId === undefined) {
        const balances = await readAssetBalances(sql, question)
        return { accountId: null, at, balances, reported: null, difference: null } satisfies z.input<
          typeof balance
        >
      }
      if (!(await hasAccount(sql, user.userId, accountId)))
        throw new NotFoundError('there is no such account')
      return tellBalance(sql, accountId, question)
    })
  })
}

/** What an account held at the end of a day, as it is answered. */
export async function tellBalance(
  sql: Sql,
  accountId: string,
  question: { userId: string; at: string; currency: string },
) {
  const held = (await readBalances(sql, question)).filter((each) => each.accountId === accountId)
  const told = held.filter(({ reported }) => reported !== null)
  const only = told.length === 1 ? told[0] : undefined
  return {
    accountId,
    at: question.at,
    balances: held.map(({ asset, quantity, value, currency }) => ({ asset, quantity, value, currency })),
    reported: only?.reported ?? null,
    difference: only?.difference ?? null,
  } satisfies z.input<typeof balance>
}
