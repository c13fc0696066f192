import { z } from '@hono/zod-openapi'
import {
  findPlatformUsers,
  type PlatformUser,
  readPlatformBalances,
  readPlatformPayouts,
} from '../db/platform-users.ts'
import { ConflictError, ForbiddenError, NotFoundError } from '../errors.ts'
import type { Api } from './api.ts'
import type { ServiceCaller } from './caller.ts'
import { defineRoute } from './define-route.ts'
import { amount, id, instant } from './fields.ts'
import { transactionId } from './transaction-filters.ts'

const tag = 'Aggregator'
const params = z.strictObject({
  id: z
    .string()
    .min(1, 'must not be empty')
    .max(200, 'must have at most 200 characters')
    .refine(
      (value) => value.isWellFormed() && !value.includes('\0'),
      'must be well-formed Unicode without NUL',
    )
    .openapi({ description: 'The provider’s identity of the user.' }),
})
const query = z.strictObject({
  source: id.optional().openapi({ description: 'Needed where several platform-wide sources know the user.' }),
  asset: z
    .string()
    .regex(/^[\x21-\x7e]{1,32}$/, 'must be an asset as the source names it')
    .optional()
    .openapi({ description: 'Needed where the user holds several assets there.' }),
})

export const getPlatformUser = defineRoute({
  method: 'get',
  path: '/user/{id}',
  id: 'getPlatformUser',
  tag,
  summary: 'A user’s balance, and what it is made of',
  description:
    'Of everything that was ingested before the request, exact at once. `balance` is the fold of all movements; the ' +
    'others are sums of magnitudes.',
  access: ['service'],
  params,
  query,
  answer: {
    status: 200,
    description: 'The sums.',
    schema: z
      .object({
        user_id: z.string(),
        balance: amount,
        earned: amount,
        spent: amount,
        payout: amount.openapi({ description: 'Asked for; moves no balance.' }),
        paid_out: amount,
      })
      .openapi('PlatformUser'),
  },
  problems: ['conflict'],
})

export const getPlatformPayouts = defineRoute({
  method: 'get',
  path: '/user/{id}/payouts',
  id: 'getPlatformPayouts',
  tag,
  summary: 'The payouts that a user asked for',
  access: ['service'],
  params,
  query,
  answer: {
    status: 200,
    description: 'Newest first, at most 10,000; `outstanding` is of all.',
    schema: z
      .object({
        user_id: z.string(),
        outstanding: amount.openapi({ description: 'sum(payout) - sum(paid_out)' }),
        payouts: z.array(z.object({ id: transactionId, amount, timestamp: instant })),
      })
      .openapi('PlatformPayouts'),
  },
  problems: ['conflict'],
})

const mostPayouts = 10_000

export function serveAggregator({ serve, parts: { db } }: Api): void {
  serve(getPlatformUser, async ({ params, query, service }) => {
    const user = await findUser(service, params.id, query.source)
    const { balance, earned, spent, payout, paidOut } = oneAsset(
      await readPlatformBalances(db.sql, user),
      query.asset,
    ) ?? { balance: '0', earned: '0', spent: '0', payout: '0', paidOut: '0' }
    return { user_id: params.id, balance, earned, spent, payout, paid_out: paidOut }
  })

  serve(getPlatformPayouts, async ({ params, query, service }) => {
    const user = await findUser(service, params.id, query.source)
    const { outstanding, requested } = oneAsset(
      await readPlatformPayouts(db.sql, user, mostPayouts),
      query.asset,
    ) ?? { outstanding: '0', requested: [] }
    const payouts = requested.map(({ id, amount, at }) => ({ id, amount, timestamp: at.toISOString() }))
    return { user_id: params.id, outstanding, payouts }
  })

  async function findUser(
    service: ServiceCaller | undefined,
    externalId: string,
    sourceId: string | undefined,
  ): Promise<PlatformUser> {
    if (service === undefined) throw new ForbiddenError('this is for services, not for users')
    const [found, ...others] = await findPlatformUsers(db.sql, externalId, sourceId)
    if (found === undefined) throw new NotFoundError('there is no such user')
    if (others.length === 0) return found
    const sources = [found, ...others].map((each) => each.sourceId)
    throw new ConflictError(
      `several sources know this user: name one with ?source=, of ${sources.join(', ')}`,
    )
  }
}

/** Undefined where the user holds nothing of it. */
function oneAsset<T extends { asset: string }>(all: T[], asset: string | undefined): T | undefined {
  if (asset !== undefined) return all.find((each) => each.asset === asset)
  if (all.length <= 1) return all[0]
  const assets = all.map((each) => each.asset)
  throw new ConflictError(
    `the user holds several assets there: name one with ?asset=, of ${assets.join(', ')}`,
  )
}
