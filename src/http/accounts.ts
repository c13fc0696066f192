import { z } from '@hono/zod-openapi'
import { type AccountDetails, readAccountDetails } from '../db/account-details.ts'
import {
  type Account,
  addManualAccount,
  listAccounts as listVisibleAccounts,
  manualExternalId,
  nextAccountId,
  removeAccount,
  updateAccount as writeAccount,
} from '../db/accounts.ts'
import { manualSource, manualType } from '../db/manual-source.ts'
import { ConflictError, NotFoundError } from '../errors.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { accountKind, amount, change, day, id, line } from './fields.ts'

const accountFields = {
  id,
  name: z.string(),
  kind: accountKind,
  sourceId: id,
  connector: z.string().openapi({ description: 'The type of its source.', example: 'manual' }),
  externalId: z.string().openapi({ description: 'The provider’s identity of it, unique within its source.' }),
  manual: z.boolean().openapi({ description: 'Kept by hand: no source fills it.' }),
  createdAt: z.string().openapi({ format: 'date-time' }),
}
const account = z.object(accountFields).openapi('Account')

const accountInDetail = z
  .object({
    ...accountFields,
    since: day.nullable().openapi({
      description: 'The reporting day of its first posted transaction; null where it has none.',
    }),
    reconciliation: z
      .array(
        z.object({
          asset: z.string(),
          reported: amount,
          reportedOn: day,
          setByHand: z.boolean().openapi({ description: 'By its owner; else its source reported it.' }),
          difference: amount.openapi({
            description: '`reported` less what the transactions added up to on that day.',
          }),
        }),
      )
      .openapi({
        description: 'Of each asset, the newest balance that its source reported or its owner set.',
      }),
  })
  .openapi('AccountInDetail')

const name = line(100)
const params = z.strictObject({ id })

export const listAccounts = defineRoute({
  method: 'get',
  path: '/v1/accounts',
  id: 'listAccounts',
  tag: 'Accounts',
  summary: 'All accounts, by name',
  access: ['read'],
  answer: {
    status: 200,
    description: 'The accounts.',
    schema: z.object({ accounts: z.array(accountInDetail) }),
  },
})

export const getAccount = defineRoute({
  method: 'get',
  path: '/v1/accounts/{id}',
  id: 'getAccount',
  tag: 'Accounts',
  summary: 'One account',
  access: ['read'],
  params,
  answer: { status: 200, description: 'The account.', schema: accountInDetail },
})

export const createAccount = defineRoute({
  method: 'post',
  path: '/v1/accounts',
  id: 'createAccount',
  tag: 'Accounts',
  summary: 'Make an account that is kept by hand',
  access: ['write'],
  body: z.strictObject({ name, kind: accountKind }).openapi('NewAccount'),
  answer: { status: 201, description: 'The account.', schema: account },
  problems: ['conflict'],
  idempotency: 'heeded',
})

export const updateAccount = defineRoute({
  method: 'patch',
  path: '/v1/accounts/{id}',
  id: 'updateAccount',
  tag: 'Accounts',
  summary: 'Give an account another name or kind',
  description:
    'Both stay through later syncs, save that a source tells the kind of an account which is `other`, and the name of one ' +
    'that is named by its `externalId`.',
  access: ['write'],
  params,
  body: change({ name: name.optional(), kind: accountKind.optional() }).openapi('AccountChange'),
  answer: { status: 200, description: 'The account.', schema: account },
  problems: ['conflict'],
})

export const deleteAccount = defineRoute({
  method: 'delete',
  path: '/v1/accounts/{id}',
  id: 'deleteAccount',
  tag: 'Accounts',
  summary: 'Remove an account with all its transactions',
  description:
    'One that is kept by hand, that files filled, or whose connection was removed: what a connection fills would be back ' +
    'with its next sync. A file that is imported again fills it again.',
  access: ['write'],
  params,
  answer: { status: 204, description: 'It is gone.' },
  problems: ['conflict'],
})

export const noSuchAccount = () => new NotFoundError('there is no such account')
const nameIsTaken = () =>
  new ConflictError('there is a manual account of this name already: use another name')

export function serveAccounts({ serve, answers, parts }: Api): void {
  const { sql } = parts.db

  serve(listAccounts, async ({ user, request }) =>
    answers.send(request, user, { name: 'accounts', to: undefined }, async (reader) => {
      const accounts = await listVisibleAccounts(reader, user.userId)
      const details = await readAccountDetails(reader, user.userId)
      return { accounts: accounts.map((each) => tellInDetail(each, details.get(each.id))) }
    }),
  )

  serve(getAccount, async ({ params, user, request }) =>
    answers.send(request, user, { name: `account ${params.id}`, to: undefined }, async (reader) => {
      const [found] = await listVisibleAccounts(reader, user.userId, params.id)
      if (!found) throw noSuchAccount()
      return tellInDetail(found, (await readAccountDetails(reader, user.userId, params.id)).get(params.id))
    }),
  )

  serve(createAccount, async ({ body, user, now, complete }) => {
    const sourceId = await manualSource(sql, user.userId)
    const accountId = await nextAccountId(sql)
    const made: Account = {
      id: accountId,
      ...body,
      sourceId,
      connector: manualType,
      externalId: manualExternalId(accountId),
      manual: true,
      synced: false,
      createdAt: now,
    }
    const answer = tell(made)
    if (!(await addManualAccount(sql, user.userId, made, complete(answer), now))) throw nameIsTaken()
    return answer
  })

  serve(updateAccount, async ({ params, body, user }) => {
    const outcome = await writeAccount(sql, user.userId, params.id, body)
    if (outcome === 'taken') throw nameIsTaken()
    const [found] = await listVisibleAccounts(sql, user.userId, params.id)
    if (outcome === 'missing' || !found) throw noSuchAccount()
    return tell(found)
  })

  serve(deleteAccount, async ({ params, user }) => {
    const [found] = await listVisibleAccounts(sql, user.userId, params.id)
    if (!found) throw noSuchAccount()
    if (found.synced) throw new ConflictError('a source fills this account: remove its source')
    if (!(await removeAccount(sql, user.userId, params.id))) throw noSuchAccount()
    return undefined
  })
}

function tell({ id, name, kind, sourceId, connector, externalId, manual, createdAt }: Account) {
  return {
    id,
    name,
    kind,
    sourceId,
    connector,
    externalId,
    manual,
    createdAt: createdAt.toISOString(),
  } satisfies z.input<typeof account>
}

/** Details are missing of an account that went, or came, between the two reads: then the answer is made again. */
function tellInDetail(
  account: Account,
  { since, reconciliation }: AccountDetails = { since: null, reconciliation: [] },
) {
  return { ...tell(account), since, reconciliation } satisfies z.input<typeof accountInDetail>
}
