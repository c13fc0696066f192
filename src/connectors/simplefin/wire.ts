import { z } from 'zod'

/**
 * What a SimpleFIN server answers (https://www.simplefin.org/protocol.html), in its first version (`errors`, `org`) and
 * its second (`errlist`, `connections`). Numbers arrive as their text. Only the envelope is read strictly: each account,
 * transaction and error stands for itself.
 */

/** Seconds since the epoch. */
const timestamp = z
  .string()
  .regex(/^\d{1,12}(\.\d+)?$/)
  .transform((text) => Math.floor(Number(text)))

const id = z.string().min(1).max(500)
/** Of what is only shown, nothing is worth losing a row for. */
const shown = z.string().optional().catch(undefined)
const list = z
  .array(z.unknown())
  .nullish()
  .transform((items) => items ?? [])

export const errorLists = z.object({ errors: list, errlist: list })

export const accountSet = errorLists.extend({ accounts: z.array(z.unknown()), connections: list })
export type AccountSet = z.infer<typeof accountSet>

export const account = z.object({
  id,
  name: shown,
  currency: z.string().min(1),
  transactions: list,
  org: z.object({ name: shown, domain: shown }).optional().catch(undefined),
  conn_id: shown,
})
export type Account = z.infer<typeof account>

export const balance = z.object({ balance: z.string(), 'balance-date': timestamp })

export const transaction = z.object({
  id,
  /** 0 where it has not been posted. */
  posted: timestamp.nullish(),
  amount: z.string(),
  transacted_at: timestamp.nullish().catch(undefined),
  pending: z.boolean().nullish(),
  description: shown,
  payee: shown,
  extra: z.object({ category: shown }).optional().catch(undefined),
})
export type Transaction = z.infer<typeof transaction>

export const connection = z.object({ conn_id: id, name: shown, org_name: shown })

/** The protocol's table says `msg`, its examples `message`. */
export const serverError = z.object({
  code: z.string().catch(''),
  msg: shown,
  message: shown,
  conn_id: shown,
  account_id: shown,
})
