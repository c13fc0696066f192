import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import type { TransactionFilter, TransactionPlace } from '../db/transaction-pages.ts'
import { RefusedError } from '../errors.ts'
import type { Keyring } from '../keyring.ts'
import { transactionStatuses } from '../page.ts'
import { asset, day, decimal, id, text } from './fields.ts'
import { InvalidRequestError } from './on-error.ts'

/** Ids of transactions are hashes: UUIDs of no version. */
export const transactionId = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'must be an id as Tidemark gives it')
  .transform((value) => value.toLowerCase())
  .openapi({
    type: 'string',
    pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
    example: '5f2c7e1a-90b4-d3a8-61f0-27c5b9e4a013',
  })

/** What a query of transactions may name; each that is given narrows it. */
export const filterFields = {
  accountId: id.optional(),
  from: day.optional().openapi({ description: 'The first reporting day.' }),
  to: day.optional().openapi({ description: 'The last reporting day.' }),
  asset: asset.optional(),
  kind: text(200).optional(),
  status: z.enum(transactionStatuses).optional(),
  min: decimal.optional().openapi({ description: 'The least amount; out of the account is negative.' }),
  max: decimal.optional().openapi({ description: 'The greatest amount.' }),
  q: text(200).optional().openapi({
    description: 'Stands so in description, counterparty, note or category, in upper or lower case.',
  }),
  category: text(200).optional(),
  tag: text(50).optional(),
}
const filters = z.strictObject(filterFields)

/** Throws a RefusedError where the range is reversed. */
export function filterOf(query: z.output<typeof filters>): TransactionFilter {
  const { accountId, from, to, asset, kind, status, min, max, q, category, tag } = query
  if (from !== undefined && to !== undefined && from > to)
    throw new RefusedError(`the range is reversed: from ${from} lies after to ${to}`)
  return { accountId, from, to, asset, kind, status, min, max, category, tag, text: q }
}

/** Whose list it is, and of what: a cursor is good for the same one alone. */
export interface CursorScope {
  userId: string
  filter: TransactionFilter
}

const purpose = 'transaction cursor'
const keyIdLength = 8
const macLength = 16

/** The id of the key, the first half of the HMAC under it, then the place. */
export function sealCursor(keyring: Keyring, scope: CursorScope, place: TransactionPlace): string {
  const { keyId, secret } = keyring.derive(purpose)!
  const payload = JSON.stringify(place)
  return Buffer.concat([
    Buffer.from(keyId, 'hex'),
    macOf(secret, scope, payload),
    Buffer.from(payload),
  ]).toString('base64url')
}

/** Throws an InvalidRequestError where it is not a cursor of such a list. */
export function openCursor(keyring: Keyring, scope: CursorScope, cursor: string): TransactionPlace {
  const bytes = Buffer.from(cursor, 'base64url')
  const secret = keyring.derive(purpose, bytes.subarray(0, keyIdLength).toString('hex'))?.secret
  const mac = bytes.subarray(keyIdLength, keyIdLength + macLength)
  const payload = bytes.subarray(keyIdLength + macLength).toString()
  const own = secret && macOf(secret, scope, payload)
  // One place has one cursor: bits that decoding passes over are none.
  const exact = bytes.toString('base64url') === cursor
  if (!own || !exact || own.length !== mac.length || !timingSafeEqual(own, mac))
    throw new InvalidRequestError([
      { field: 'cursor', message: 'must be `nextCursor` of an answer to the same question' },
    ])
  return JSON.parse(payload)
}

function macOf(
  secret: NonNullable<ReturnType<Keyring['derive']>>['secret'],
  { userId, filter }: CursorScope,
  payload: string,
) {
  const said = JSON.stringify([userId, filter, payload])
  return createHmac('sha256', secret).update(said).digest().subarray(0, macLength)
}
