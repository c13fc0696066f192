import { z } from 'zod'

// The provider's answers as it documents them. Only what is used is named: a new field is no fault. Lists are parsed
// item by item, by the pull. A JSON number arrives as the text that it was written as.

export const accountList = z.object({ accounts: z.array(z.unknown()) })

export const accountSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  type: z.enum(['current', 'savings', 'credit']),
  currency: z.string(),
  /** What a credit account owes is positive. */
  balance: z.string(),
})
export type Account = z.infer<typeof accountSchema>

export const transactionPage = z.object({
  transactions: z.array(z.unknown()),
  /** What `after` takes for the next page; null behind the last one. */
  next: z.string().nullable(),
})

export const transactionSchema = z.object({
  id: z.string().min(1),
  bookedAt: z.iso.datetime(),
  /** Unsigned; `direction` tells where it went. */
  amount: z.string(),
  direction: z.enum(['in', 'out']),
  currency: z.string(),
  state: z.enum(['booked', 'pending']),
  text: z.string().optional(),
  party: z.string().optional(),
  /** The pending transaction that this booked one was. */
  wasPending: z.string().optional(),
})
export type Transaction = z.infer<typeof transactionSchema>
