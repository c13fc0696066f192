import { hash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { dayInZone, isDay } from '../calendar.ts'
import { listAccounts } from '../db/accounts.ts'
import {
  asTransaction,
  enterTransaction,
  findTransaction,
  removeTransaction,
  type TransactionEntry,
} from '../db/transactions.ts'
import { ConflictError, NotFoundError } from '../errors.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { asset, day, decimal, id, instant, line, text } from './fields.ts'
import { readIdempotencyKey } from './idempotency.ts'
import { InvalidRequestError } from './on-error.ts'
import { transactionId } from './transaction-filters.ts'
import { noSuchTransaction, transaction } from './transactions.ts'

export const category = line(100)
export const note = text(2000)
export const tags = z
  .array(line(50))
  .max(20, 'must be at most 20')
  .transform((given) => [...new Set(given)])
  .openapi({ type: 'array', items: { type: 'string', minLength: 1, maxLength: 50 }, maxItems: 20 })

/** Years ahead in which something may be entered. */
const yearsAhead = 10

/** Throws an InvalidRequestError where the day is so far ahead that it must be a mistake. */
export function refuseFarDay(field: string, day: string, today: string): void {
  const last = `${Number(today.slice(0, 4)) + yearsAhead}${today.slice(4)}`
  if (day > last)
    throw new InvalidRequestError([{ field, message: `must be at most ${yearsAhead} years ahead` }])
}

/** What is no instant at all is told by its own schema, which does not keep this from being asked. */
function liesInCalendar(instant: string): boolean {
  const at = new Date(instant)
  return Number.isNaN(at.getTime()) || isDay(at.toISOString().slice(0, 10))
}

export const createTransaction = defineRoute({
  method: 'post',
  path: '/v1/transactions',
  id: 'createTransaction',
  tag: 'Transactions',
  summary: 'Enter a transaction by hand',
  description: 'On manual accounts: what a source fills, its source alone writes.',
  access: ['write'],
  body: z
    .strictObject({
      accountId: id,
      date: day.optional().openapi({
        description: 'The reporting day. Default: that of `time`, or today, in the user’s time zone.',
      }),
      time: instant
        .refine(liesInCalendar, 'must lie between 1900 and 2199')
        .optional()
        .openapi({ description: 'Kept to the millisecond.' }),
      amount: decimal.openapi({ description: 'Positive into the account.' }),
      asset: asset.optional().openapi({ description: 'Default: the user’s base currency.' }),
      kind: z
        .string()
        .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be a name in lower case, such as cash')
        .default('cash'),
      description: line(500).optional(),
      counterparty: line(200).optional(),
      category: category.optional(),
      note: note.optional(),
      tags: tags.optional(),
    })
    .openapi('NewTransaction'),
  answer: { status: 201, description: 'The transaction.', schema: transaction },
  problems: ['not-found', 'conflict', 'archive-unavailable'],
  idempotency: 'needed',
})

export const deleteTransaction = defineRoute({
  method: 'delete',
  path: '/v1/transactions/{id}',
  id: 'deleteTransaction',
  tag: 'Transactions',
  summary: 'Take back a transaction that was entered by hand',
  access: ['write'],
  params: z.strictObject({ id: transactionId }),
  answer: { status: 204, description: 'It is gone.' },
  problems: ['conflict', 'archive-unavailable'],
})

export function serveManualTransactions({ serve, parts }: Api): void {
  const { sql } = parts.db

  serve(createTransaction, async ({ body, user, now, request, complete }) => {
    const [account] = await listAccounts(sql, user.userId, body.accountId)
    if (!account) throw new NotFoundError('there is no such account')
    if (!account.manual)
      throw new ConflictError('a source fills this account: transactions are entered on manual accounts')
    const today = dayInZone(now, user.timeZone)
    const time = body.time === undefined ? null : new Date(body.time)
    const entry: TransactionEntry = {
      date: body.date ?? (time ? dayInZone(time, user.timeZone) : today),
      time: time?.toISOString() ?? null,
      amount: body.amount,
      asset: body.asset ?? user.baseCurrency,
      kind: body.kind,
      description: body.description ?? null,
      counterparty: body.counterparty ?? null,
      category: body.category ?? null,
      note: body.note ?? null,
      tags: body.tags ?? [],
    }
    refuseFarDay('date', entry.date, today)
    const key = readIdempotencyKey(request.headers.get('idempotency-key') ?? undefined)
    const reference = `entry ${hash('sha256', JSON.stringify([key, entry]))}`
    const answer = asTransaction(account, reference, entry, now)
    // Under a key that was forgotten since: it is there already.
    const known = await findTransaction(sql, user.userId, answer.id)
    if (known) return known
    const completion = complete(answer)
    if (!(await enterTransaction(sql, user.userId, account, reference, answer, completion, now)))
      throw new NotFoundError('there is no such account')
    return answer
  })

  serve(deleteTransaction, async ({ params, user, now }) => {
    const outcome = await removeTransaction(sql, user.userId, params.id, now)
    if (outcome === 'missing') throw noSuchTransaction()
    if (outcome === 'provided')
      throw new ConflictError('it was not entered by hand: mark it as excluded to leave it out')
    return undefined
  })
}
