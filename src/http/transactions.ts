import { z } from '@hono/zod-openapi'
import { findWholeTransaction, readReachablePage } from '../archive/transaction-pages.ts'
import { dayInZone } from '../calendar.ts'
import { hasAccount } from '../db/accounts.ts'
import { NotFoundError } from '../errors.ts'
import { transactionStatuses } from '../page.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { amount, cursor, day, id, limit } from './fields.ts'
import { filterFields, filterOf, openCursor, sealCursor, transactionId } from './transaction-filters.ts'

export const transaction = z
  .object({
    id: transactionId,
    accountId: id,
    date: day.openapi({ description: 'The reporting day.' }),
    time: z.string().nullable().openapi({
      format: 'date-time',
      description: 'The instant, in UTC; null where it is not known.',
    }),
    amount: amount.openapi({ description: 'Positive into the account.' }),
    asset: z.string(),
    kind: z.string(),
    status: z.enum(transactionStatuses).openapi({ description: '`posted` alone moves balances.' }),
    description: z.string().nullable(),
    counterparty: z.string().nullable(),
    category: z.string().nullable().openapi({ description: 'The user’s own, else the provider’s.' }),
    note: z.string().nullable(),
    tags: z.array(z.string()),
    transfer: z.boolean().nullable().openapi({
      description: 'Moves money between the user’s own accounts; null where nobody has said.',
    }),
    excluded: z.boolean().openapi({
      description: 'Left out of income and spending. Balances and net worth know of no such thing.',
    }),
    manual: z.boolean().openapi({ description: 'Entered by hand.' }),
    groupId: z.string().nullable().openapi({
      description: 'The same for the parts of one event: a trade, a transfer, its fee.',
    }),
    recordedAt: z.string().openapi({ format: 'date-time', description: 'When Tidemark learned of it.' }),
  })
  .openapi('Transaction')

export const listTransactions = defineRoute({
  method: 'get',
  path: '/v1/transactions',
  id: 'listTransactions',
  tag: 'Transactions',
  summary: 'Transactions, newest first',
  description:
    'By reporting day, then instant, those without one last. Following `nextCursor` gives each transaction that is there ' +
    'all the while exactly once, whatever comes, changes or goes meanwhile. A range that lies in the past has an ETag.',
  access: ['read'],
  revalidated: true,
  query: z.strictObject({ ...filterFields, cursor: cursor.optional(), limit: limit(500, 50) }),
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: z
      .object({
        transactions: z.array(transaction),
        nextCursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
        archived: z.boolean().openapi({
          description:
            'The page reached into the archive, whose files are read more slowly. It may then have fewer transactions than ' +
            'asked for, also none, and a `nextCursor` nonetheless. Where a file cannot be read, it ends before, and the next ' +
            'page is refused.',
        }),
      })
      .openapi('TransactionPage'),
  },
  problems: ['not-found', 'refused', 'archive-unavailable'],
})

export const getTransaction = defineRoute({
  method: 'get',
  path: '/v1/transactions/{id}',
  id: 'getTransaction',
  tag: 'Transactions',
  summary: 'One transaction',
  access: ['read'],
  params: z.strictObject({ id: transactionId }),
  answer: { status: 200, description: 'The transaction.', schema: transaction },
  problems: ['archive-unavailable'],
})

export const noSuchTransaction = () => new NotFoundError('there is no such transaction')

export function serveTransactions({
  serve,
  answers,
  parts: { keyring, clock, log, archive: store },
}: Api): void {
  serve(listTransactions, async ({ query, user, now, request, requestId }) => {
    const { cursor, limit, ...fields } = query
    const filter = filterOf(fields)
    const scope = { userId: user.userId, filter }
    const after = cursor === undefined ? undefined : openCursor(keyring, scope, cursor)
    const name = `transactions ${JSON.stringify(filter)} ${limit} ${JSON.stringify(after)}`
    return answers.send(request, user, { name, to: filter.to }, async (sql, apart, passing) => {
      if (filter.accountId !== undefined && !(await hasAccount(sql, user.userId, filter.accountId)))
        throw new NotFoundError('there is no such account')
      const today = dayInZone(now, user.timeZone)
      const { transactions, next, archived, fault } = await readReachablePage(
        { sql, store, clock, apart },
        { ...scope, after, limit, today },
      )
      if (fault) {
        if (transactions.length === 0) throw fault
        passing()
        log.warn({ requestId, err: fault }, 'a list ends before the archive, which could not be read')
      }
      return { transactions, nextCursor: next ? sealCursor(keyring, scope, next) : null, archived }
    })
  })

  serve(getTransaction, async ({ params, user, request }) =>
    answers.send(request, user, { name: `transaction ${params.id}`, to: undefined }, async (sql, apart) => {
      const found = await findWholeTransaction({ sql, store, apart }, user.userId, params.id)
      if (!found) throw noSuchTransaction()
      return found
    }),
  )
}
