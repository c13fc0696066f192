import { z } from '@hono/zod-openapi'
import { dayInZone } from '../calendar.ts'
import { type Account, listAccounts, setBalance, unsetBalance } from '../db/accounts.ts'
import { ConflictError, NotFoundError } from '../errors.ts'
import { noSuchAccount } from './accounts.ts'
import type { Api } from './api.ts'
import { getBalance, tellBalance } from './balance.ts'
import { defineRoute } from './define-route.ts'
import { asset, day, decimal, id } from './fields.ts'
import { refuseFarDay } from './manual-transactions.ts'

const params = z.strictObject({ id, date: day })

/** Sources whose accounts nobody else brings up to date. */
const settable = ['manual', 'file']

export const putBalance = defineRoute({
  method: 'put',
  path: '/v1/accounts/{id}/balances/{date}',
  id: 'putBalance',
  tag: 'Accounts',
  summary: 'Set by hand what an account holds at the end of a day',
  description:
    'A revaluation makes it true, whatever the transactions add up to, and moves along when earlier ones come or go: for ' +
    'a house, a pension, cash. On manual accounts and those of statement files.',
  access: ['write'],
  params,
  body: z
    .strictObject({
      amount: decimal,
      asset: asset.optional().openapi({ description: 'Default: the user’s base currency.' }),
    })
    .openapi('SetBalance'),
  answer: {
    status: 200,
    description: 'What the account holds at the end of the day, as /v1/balance tells it.',
    schema: getBalance.answer.schema!,
  },
  problems: ['conflict'],
})

export const deleteBalance = defineRoute({
  method: 'delete',
  path: '/v1/accounts/{id}/balances/{date}',
  id: 'deleteBalance',
  tag: 'Accounts',
  summary: 'Take back a balance that was set by hand',
  access: ['write'],
  params,
  query: z.strictObject({
    asset: asset.optional().openapi({ description: 'Default: the user’s base currency.' }),
  }),
  answer: { status: 204, description: 'It is gone.' },
  problems: ['conflict'],
})

export function serveAccountBalances({ serve, parts }: Api): void {
  const { sql } = parts.db

  serve(putBalance, async ({ params, body, user, now }) => {
    refuseFarDay('date', params.date, dayInZone(now, user.timeZone))
    const account = await settableAccount(user.userId, params.id)
    const balance = { day: params.date, amount: body.amount, asset: body.asset ?? user.baseCurrency }
    if (!(await setBalance(sql, user.userId, account, balance, now))) throw noSuchAccount()
    const question = { userId: user.userId, at: params.date, currency: user.baseCurrency }
    return tellBalance(sql, account.id, question)
  })

  serve(deleteBalance, async ({ params, query, user, now }) => {
    const account = await settableAccount(user.userId, params.id)
    const balance = { day: params.date, asset: query.asset ?? user.baseCurrency }
    if (!(await unsetBalance(sql, user.userId, account.id, balance, now)))
      throw new NotFoundError('no balance was set by hand for this asset on this day')
    return undefined
  })

  async function settableAccount(userId: string, accountId: string): Promise<Account> {
    const [account] = await listAccounts(sql, userId, accountId)
    if (!account) throw noSuchAccount()
    if (!settable.includes(account.connector))
      throw new ConflictError(
        'a source syncs this account: balances are set on manual accounts and those of statement files',
      )
    return account
  }
}
