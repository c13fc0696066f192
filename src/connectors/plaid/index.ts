import { z } from 'zod'
import { defineConnector } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import { isInvestment, pageAccountOf } from './account.ts'
import { createPlaidClient } from './client.ts'
import { pull, requireAccessToken } from './pull.ts'
import { readEach } from './read-each.ts'
import { credentials, settings } from './settings.ts'
import { createWebhook } from './webhook.ts'
import { plaidAccount } from './wire.ts'

/**
 * Banks and cards through Plaid: one connection is one Item (a login at one institution). Accounts of investments are
 * left out, since /transactions/sync tells neither their transactions nor their holdings; so are the balances of loans
 * for which Plaid has no transactions (all but student loans), which it does not list there.
 */
export const connector = defineConnector({
  id: 'plaid',
  title: 'Plaid (bank accounts and cards)',
  auth: 'Choose your bank in Plaid Link and sign in there; Link returns the public token that connects it.',
  credentials,
  config: z.strictObject({}),
  settings,
  /**
   * Production limits of /transactions/sync (https://plaid.com/docs/errors/rate-limit-exceeded/). /accounts/get, which
   * allows an Item 15 a minute, is asked only when a connection is made or its accounts are listed.
   */
  limits: [
    { scope: 'connection', max: 50, per: 60_000, kind: 'sliding' },
    { scope: 'client', max: 2_500, per: 60_000, kind: 'sliding' },
  ],
  history: { maxDays: 730, overlapDays: 0, mutableDays: 14 },
  scope: 'user',

  async check(context) {
    const client = createPlaidClient(context)
    if ('accessToken' in context.credentials) {
      const { item } = await client.accounts(context.credentials.accessToken)
      return { externalId: item.item_id, ...(item.institution_name && { name: item.institution_name }) }
    }
    const exchanged = await client.exchangePublicToken(context.credentials.publicToken)
    const accessToken = exchanged.access_token
    // A public token is good for one exchange: for want of a name, what it brought is not given up. Whatever is wrong
    // with the connection, its first sync says.
    const name = await client.accounts(accessToken).then(
      ({ item }) => item.institution_name,
      (error: unknown) => {
        if (!(error instanceof ConnectorError)) throw error
        context.log.warn({ code: error.code }, 'the name of the institution could not be read')
        return undefined
      },
    )
    return { credentials: { accessToken }, externalId: exchanged.item_id, ...(name && { name }) }
  },

  async accounts(context) {
    const answer = await createPlaidClient(context).accounts(requireAccessToken(context.credentials))
    const problems: { message: string }[] = []
    const accounts = readEach(answer.accounts, plaidAccount, 'an account', problems)
    for (const { message } of problems) context.log.warn({}, message)
    return accounts.filter((account) => !isInvestment(account)).map(pageAccountOf)
  },

  pull,
  webhook: createWebhook(),
})
