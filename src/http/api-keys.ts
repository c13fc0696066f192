import { randomBytes } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import {
  type ApiKey,
  addApiKey,
  listApiKeys,
  mostApiKeys,
  nextApiKeyId,
  revokeApiKey,
} from '../db/api-keys.ts'
import { ConflictError, ForbiddenError, NotFoundError, RefusedError } from '../errors.ts'
import type { Api } from './api.ts'
import { apiKeyPrefix, hashApiKey } from './authenticate.ts'
import { allows, scopes } from './caller.ts'
import { defineRoute } from './define-route.ts'
import { id, instant, text } from './fields.ts'

const apiKey = {
  id,
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  hint: z.string().openapi({ description: 'How the key begins.', example: `${apiKeyPrefix}a1B2` }),
  createdAt: instant,
  expiresAt: instant.nullable(),
}

export const createApiKey = defineRoute({
  method: 'post',
  path: '/v1/api-keys',
  id: 'createApiKey',
  tag: 'Identity',
  summary: 'Make an API key',
  description: `For programs that act for the caller. The key is shown this once. At most ${mostApiKeys} at a time.`,
  access: ['admin'],
  body: z.strictObject({
    name: text(100).openapi({ description: 'To tell it from others.' }),
    scopes: z
      .array(z.enum(scopes))
      .min(1, 'must hold at least one scope')
      .max(scopes.length, `must hold at most ${scopes.length} scopes`)
      .refine((given) => new Set(given).size === given.length, 'must hold each scope once'),
    expiresAt: instant
      .optional()
      .openapi({ description: 'Without it, the key is good until it is revoked.' }),
  }),
  answer: {
    status: 201,
    description: 'The key, which is not shown again.',
    schema: z
      .object({
        ...apiKey,
        key: z.string().openapi({ description: 'To be sent as `Authorization: Bearer …`.' }),
      })
      .openapi('NewApiKey'),
  },
  problems: ['refused', 'conflict'],
  idempotency: 'heeded',
})

export const listMyApiKeys = defineRoute({
  method: 'get',
  path: '/v1/api-keys',
  id: 'listApiKeys',
  tag: 'Identity',
  summary: 'API keys that are good, newest first',
  access: ['admin'],
  answer: {
    status: 200,
    description: 'None that was revoked or has expired.',
    schema: z.object({ apiKeys: z.array(z.object(apiKey).openapi('ApiKey')) }),
  },
})

export const deleteApiKey = defineRoute({
  method: 'delete',
  path: '/v1/api-keys/{id}',
  id: 'deleteApiKey',
  tag: 'Identity',
  summary: 'Revoke an API key',
  access: ['admin'],
  params: z.object({ id }),
  answer: { status: 204, description: 'It is refused from now on.' },
})

/** A key of 256 bits by chance. The database knows its SHA-256, and how it begins. */
export function makeApiKey(): { key: string; hash: Buffer; hint: string } {
  const key = apiKeyPrefix + randomBytes(32).toString('base64url')
  return { key, hash: hashApiKey(key), hint: key.slice(0, 8) }
}

export function serveApiKeys({ serve, parts }: Api): void {
  const { sql } = parts.db

  serve(createApiKey, async ({ user, body, now, complete }) => {
    const expiresAt = body.expiresAt === undefined ? null : new Date(body.expiresAt)
    if (expiresAt !== null && !(expiresAt > now)) throw new RefusedError('expiresAt must lie in the future')
    // The route asks for admin, which holds the others; a scope that does not is not to be had this way.
    if (!body.scopes.every((scope) => allows(user.scopes, scope)))
      throw new ForbiddenError('a key cannot be given more than its maker has')
    const { key, hash, hint } = makeApiKey()
    const made = { id: await nextApiKeyId(sql), name: body.name, scopes: body.scopes, hint }
    const told = { ...made, createdAt: now, expiresAt }
    const answer = { ...answerOf(told), key }
    if (!(await addApiKey(sql, { ...told, userId: user.userId, hash }, complete(answer))))
      throw new ConflictError(`there are ${mostApiKeys} API keys: revoke one that is not needed any more`)
    return answer
  })

  serve(listMyApiKeys, async ({ user, now }) => ({
    apiKeys: (await listApiKeys(sql, user.userId, now)).map(answerOf),
  }))

  serve(deleteApiKey, async ({ user, params, now }) => {
    if (!(await revokeApiKey(sql, user.userId, params.id, now)))
      throw new NotFoundError('there is no such API key')
    return undefined
  })
}

function answerOf(made: ApiKey) {
  return {
    id: made.id,
    name: made.name,
    scopes: made.scopes as (typeof scopes)[number][],
    hint: made.hint,
    createdAt: made.createdAt.toISOString(),
    expiresAt: made.expiresAt?.toISOString() ?? null,
  }
}
