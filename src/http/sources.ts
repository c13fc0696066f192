import { z } from '@hono/zod-openapi'
import type { Connector } from '../connectors/connector.ts'
import { fileSource } from '../db/file-source.ts'
import { findOwnedSource, listOwnedSources } from '../db/owned-sources.ts'
import { removeSource, removeSourceWithHistory } from '../db/source-removal.ts'
import { changeSource } from '../db/sources.ts'
import { ConflictError, ForbiddenError } from '../errors.ts'
import { ownSourceTypes } from '../own-source-types.ts'
import type { Api } from './api.ts'
import type { Caller } from './caller.ts'
import { type AddedSource, connectSource, reconnectWith } from './connect-source.ts'
import { connectorInput, parseConnectorInput } from './connector-input.ts'
import { connectorSettings } from './connector-settings.ts'
import { defineRoute } from './define-route.ts'
import { change, id, line } from './fields.ts'
import { InvalidRequestError } from './on-error.ts'
import { answerOf, newSourceAnswer, sourceAnswer } from './source-answer.ts'
import { ownerOf } from './source-owner.ts'
import { unlessStopping } from './stopping.ts'

const tag = 'Sources'
const params = z.strictObject({ id })
const name = line(100)

export const createSource = defineRoute({
  method: 'post',
  path: '/v1/sources',
  id: 'createSource',
  tag,
  summary: 'Connect to a provider',
  description:
    'The credentials are tried with the provider, kept sealed, and never shown again; the first sync follows at once. ' +
    'Type `file` gives the source that statement files are uploaded to, always the same one. It needs the scope ' +
    '`admin`, as whoever gives credentials decides what is read under this name; sources of scope `platform` need a ' +
    'key of a service.',
  access: ['admin', 'service'],
  body: z.strictObject({
    type: z
      .string()
      .max(40, 'must have at most 40 characters')
      .openapi({ description: 'As GET /v1/source-types lists them.', example: 'plaid' }),
    name: name.optional().openapi({
      description: 'Default: what the provider calls the connection, numbered where that is taken.',
    }),
    config: connectorInput.optional(),
    credentials: connectorInput.optional(),
  }),
  answer: { status: 201, description: 'It is connected, and due.', schema: sourceAnswer },
  problems: ['conflict', 'unprocessable', 'provider-unavailable', 'busy'],
  idempotency: 'heeded',
})

export const listSources = defineRoute({
  method: 'get',
  path: '/v1/sources',
  id: 'listSources',
  tag,
  summary: 'The connections, and how each of them stands',
  description: 'A user’s own; with a key of a service, those of the platform.',
  access: ['read', 'service'],
  answer: {
    status: 200,
    description: 'Oldest first; those that were removed are not among them.',
    schema: z.object({ sources: z.array(sourceAnswer) }),
  },
})

export const getSource = defineRoute({
  method: 'get',
  path: '/v1/sources/{id}',
  id: 'getSource',
  tag,
  summary: 'How a connection stands',
  access: ['read', 'service'],
  params,
  answer: { status: 200, description: 'The source.', schema: sourceAnswer },
})

export const updateSource = defineRoute({
  method: 'patch',
  path: '/v1/sources/{id}',
  id: 'updateSource',
  tag,
  summary: 'Rename, pause or resume a connection',
  access: ['write', 'service'],
  params,
  body: change({
    name: name.optional(),
    status: z
      .enum(['active', 'paused'])
      .optional()
      .openapi({ description: '`active` lets it go on at once, whatever it waited for.' }),
  }),
  answer: { status: 200, description: 'The source as it is now.', schema: sourceAnswer },
  problems: ['conflict'],
})

export const putSourceCredentials = defineRoute({
  method: 'put',
  path: '/v1/sources/{id}/credentials',
  id: 'putSourceCredentials',
  tag,
  summary: 'Sign in to the provider again',
  description:
    'New credentials for the same connection: they are tried, take the place of the old ones, and the source goes on ' +
    'at once. Those of another connection are refused.',
  access: ['admin', 'service'],
  params,
  body: z.strictObject({ credentials: connectorInput }),
  answer: { status: 200, description: 'The source as it is now.', schema: sourceAnswer },
  problems: ['conflict', 'unprocessable', 'provider-unavailable', 'busy'],
})

export const deleteSource = defineRoute({
  method: 'delete',
  path: '/v1/sources/{id}',
  id: 'deleteSource',
  tag,
  summary: 'Remove a connection',
  access: ['admin', 'service'],
  params,
  query: z.strictObject({
    history: z.enum(['keep', 'remove']).default('keep').openapi({
      description:
        '`keep`: it is synced no more and its credentials are gone; accounts and transactions stay. `remove`: they go, too.',
    }),
  }),
  answer: { status: 204, description: 'It is gone.' },
})

/** Milliseconds that a check may wait for the budget of the provider, and take as a whole. */
const limits = { longestWait: 10_000, timeout: 60_000 }

export function serveSources({ serve, parts }: Api): void {
  const { db, connectors } = parts
  const isSynced = ({ type }: { type: string }) => connectors.ids().includes(type)

  serve(createSource, async ({ body, caller, now, complete }) => {
    const owner = ownerOf(caller)
    if (body.type === 'file') {
      refuseParts(body)
      if (owner === null) throw new ForbiddenError('statement files are a user’s own')
      return answerOf(await findOwnedSource(db.sql, owner, await fileSource(db.sql, owner), now))
    }
    if (!isSynced(body))
      throw new InvalidRequestError([{ field: 'type', message: 'is none of those that there are' }])
    const connector = await connectors.get(body.type)
    refuseScope(connector, caller)
    await connectorSettings(connectors, connector.id)
    const connection = {
      connector,
      user: caller?.kind === 'user' ? { id: caller.userId, timeZone: caller.timeZone } : null,
      name: body.name,
      config: parseConnectorInput(connector.config, body.config ?? {}, 'config'),
      credentials: parseConnectorInput(connector.credentials, body.credentials ?? {}, 'credentials'),
      completion: (added: AddedSource) => complete(newSourceAnswer(connector.id, added)),
    }
    const added = await unlessStopping(parts.signal, () => connectSource(parts, connection, limits))
    return newSourceAnswer(connector.id, added)
  })

  serve(listSources, async ({ caller, now }) => {
    const sources = await listOwnedSources(db.sql, ownerOf(caller), now)
    return { sources: sources.map(answerOf) }
  })

  serve(getSource, async ({ params, caller, now }) =>
    answerOf(await findOwnedSource(db.sql, ownerOf(caller), params.id, now)),
  )

  serve(updateSource, async ({ params, body, caller, now }) => {
    const owner = ownerOf(caller)
    const source = await findOwnedSource(db.sql, owner, params.id, now)
    if (!isSynced(source))
      throw new ConflictError(`a source of type ${source.type} keeps its name, and is not synced`)
    const status = body.status === source.status ? undefined : body.status
    await changeSource(db.sql, params.id, owner, { name: body.name, status }, now)
    return answerOf(await findOwnedSource(db.sql, owner, params.id, now))
  })

  serve(putSourceCredentials, async ({ params, body, caller, now }) => {
    const owner = ownerOf(caller)
    const source = await findOwnedSource(db.sql, owner, params.id, now)
    if (!isSynced(source)) throw new ConflictError(`a source of type ${source.type} has no credentials`)
    const connector = await connectors.get(source.type)
    await connectorSettings(connectors, connector.id)
    const reconnection = {
      connector,
      source,
      owner,
      timeZone: caller?.kind === 'user' ? caller.timeZone : 'UTC',
      credentials: parseConnectorInput(connector.credentials, body.credentials, 'credentials'),
    }
    await unlessStopping(parts.signal, () => reconnectWith(parts, reconnection, limits))
    return answerOf(await findOwnedSource(db.sql, owner, params.id, parts.clock()))
  })

  serve(deleteSource, async ({ params, query, caller, now }) => {
    const owner = ownerOf(caller)
    const { type } = await findOwnedSource(db.sql, owner, params.id, now)
    if (query.history === 'keep' && ownSourceTypes.includes(type))
      throw new ConflictError('there is no connection to end: history=remove takes away what it holds')
    if (query.history === 'keep') await removeSource(db.sql, params.id, now, owner)
    else await removeSourceWithHistory(db.sql, params.id, owner)
    return undefined
  })
}

/** Of the source for statement files there is nothing to say. */
function refuseParts(body: {
  name?: unknown
  config?: object | undefined
  credentials?: object | undefined
}) {
  const given = (['name', 'config', 'credentials'] as const).filter((field) => {
    const value = body[field]
    return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== undefined
  })
  if (given.length > 0)
    throw new InvalidRequestError(
      given.map((field) => ({ field, message: 'is not taken for statement files' })),
    )
}

function refuseScope({ scope }: Connector, caller: Caller | undefined): void {
  if (scope === 'user' && caller?.kind !== 'user')
    throw new ForbiddenError('a source of this type is a user’s own: connect it with a token of theirs')
  if (scope === 'platform' && caller?.kind === 'user')
    throw new ForbiddenError('a source of this type is everybody’s: it is connected with a key of a service')
}
