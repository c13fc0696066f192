import { z } from 'zod'
import { ConnectorBugError } from '../errors.ts'

export const vendorTypes = ['spent', 'earned', 'payout', 'paid_out'] as const
export type VendorType = (typeof vendorTypes)[number]

/** A number in JSON arrives as the text that it was written as. */
const text = z.string().min(1)
const count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)

/** One transaction of one user. Its amount has no sign: the type says which way it goes. */
export const vendorItem = z.object({
  id: text,
  userId: text,
  createdAt: z.iso.datetime({ offset: true }),
  type: text,
  amount: text,
})
export type VendorItem = z.infer<typeof vendorItem>

const transactionsAnswer = z.object({
  items: z.array(z.unknown()),
  meta: z.object({ totalItems: count, itemsPerPage: count.refine((size) => size > 0), currentPage: count }),
})

/** A page of GET /transactions, its items not looked into yet. */
export type TransactionsAnswer = z.infer<typeof transactionsAnswer>

/** Throws a ConnectorBugError where the answer is no such page. */
export function readAnswer(body: unknown): TransactionsAnswer {
  const read = transactionsAnswer.safeParse(body)
  if (read.success) return read.data
  const path = read.error.issues[0]?.path.join('.') || 'the answer'
  throw new ConnectorBugError(`not the vendor’s page of transactions: ${path} is missing or of another form`)
}
