import { z } from '@hono/zod-openapi'
import { annotateTransaction } from '../db/annotations.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { change } from './fields.ts'
import { category, note, tags } from './manual-transactions.ts'
import { transactionId } from './transaction-filters.ts'
import { noSuchTransaction, transaction } from './transactions.ts'

export const updateTransaction = defineRoute({
  method: 'patch',
  path: '/v1/transactions/{id}',
  id: 'updateTransaction',
  tag: 'Transactions',
  summary: 'Say something of a transaction',
  description:
    'What is given is set, null clears, the rest stays. What the provider says is never rewritten, balances and net worth ' +
    'stay as they are, and what was said goes along when a posted transaction takes the place of a pending one.',
  access: ['write'],
  params: z.strictObject({ id: transactionId }),
  body: change({
    category: category
      .nullable()
      .optional()
      .openapi({ type: ['string', 'null'], description: 'In place of the provider’s.' }),
    note: note.nullable().optional(),
    tags: tags
      .nullable()
      .optional()
      .openapi({ type: ['array', 'null'] }),
    transfer: z.boolean().nullable().optional(),
    excluded: z.boolean().nullable().optional(),
  }).openapi('TransactionChange'),
  answer: { status: 200, description: 'The transaction.', schema: transaction },
  problems: ['archive-unavailable'],
})

export function serveAnnotations({ serve, parts: { db } }: Api): void {
  serve(updateTransaction, async ({ params, body, user, now }) => {
    const annotated = await annotateTransaction(db.sql, user.userId, params.id, body, now)
    if (!annotated) throw noSuchTransaction()
    return annotated
  })
}
