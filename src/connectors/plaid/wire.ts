import { z } from 'zod'
import { isDay } from '../../calendar.ts'
import { decimalOfNumber } from '../json.ts'

/**
 * What is used of Plaid's answers (API version 2020-09-14, https://plaid.com/docs/api/products/transactions/). Lists
 * hold unknown entries: each is read by itself, so that one that cannot be read does not take the others with it.
 */

/** A JSON number, which arrives here as the text it was written as; becomes a decimal. */
const amount = z.string().transform((text, context) => {
  const decimal = decimalOfNumber(text)
  if (decimal !== undefined) return decimal
  context.addIssue({ code: 'custom', message: 'not an amount' })
  return z.NEVER
})

const currency = {
  /** One of both is null. */
  iso_currency_code: z.string().nullish(),
  unofficial_currency_code: z.string().nullish(),
}

export const plaidAccount = z.object({
  account_id: z.string().min(1),
  name: z.string().nullish(),
  official_name: z.string().nullish(),
  type: z.string(),
  subtype: z.string().nullish(),
  balances: z.object({ current: amount.nullish(), ...currency }),
})
export type PlaidAccount = z.infer<typeof plaidAccount>

export const plaidTransaction = z.object({
  account_id: z.string().min(1),
  transaction_id: z.string().min(1),
  /** Positive where money moves out of the account. */
  amount,
  ...currency,
  /** Of a pending one the day on which it occurred, of a posted one the day on which it was posted. */
  date: z.string().refine(isDay),
  datetime: z.string().nullish(),
  authorized_datetime: z.string().nullish(),
  name: z.string().nullish(),
  merchant_name: z.string().nullish(),
  pending: z.boolean(),
  /** Of a posted one: the pending one that it was, which has another id. */
  pending_transaction_id: z.string().nullish(),
  payment_channel: z.string().nullish(),
  transaction_code: z.string().nullish(),
  personal_finance_category: z.object({ primary: z.string() }).nullish(),
})
export type PlaidTransaction = z.infer<typeof plaidTransaction>

export const removedTransaction = z.object({
  account_id: z.string().min(1),
  transaction_id: z.string().min(1),
})

export const syncAnswer = z.object({
  accounts: z.array(z.unknown()),
  added: z.array(z.unknown()),
  modified: z.array(z.unknown()),
  removed: z.array(z.unknown()),
  next_cursor: z.string(),
  has_more: z.boolean(),
  transactions_update_status: z.string().nullish(),
})
export type SyncAnswer = z.infer<typeof syncAnswer>

export const accountsAnswer = z.object({
  accounts: z.array(z.unknown()),
  item: z.object({ item_id: z.string().min(1), institution_name: z.string().nullish() }),
})

export const exchangeAnswer = z.object({ access_token: z.string().min(1), item_id: z.string().min(1) })

export const verificationKeyAnswer = z.object({
  key: z.object({
    alg: z.literal('ES256'),
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    /** Seconds since the epoch. */
    expired_at: z.string().nullish(),
  }),
})

/** https://plaid.com/docs/errors/ */
export const plaidError = z.object({
  error_type: z.string(),
  error_code: z.string(),
  error_code_reason: z.string().nullish(),
  request_id: z.string().nullish(),
})
export type PlaidError = z.infer<typeof plaidError>

/** https://plaid.com/docs/api/webhooks/ */
export const plaidWebhook = z.object({
  webhook_type: z.string(),
  webhook_code: z.string(),
  item_id: z.string().min(1),
  error: plaidError.nullish(),
  /** ISO 8601; of PENDING_EXPIRATION. */
  consent_expiration_time: z.string().nullish().catch(undefined),
})
