import { z } from '@hono/zod-openapi'
import { changePassword } from '../db/passwords.ts'
import { isEmailTaken, nextUserId, signUp } from '../db/sign-up.ts'
import { readOwnUser, updateUser } from '../db/users.ts'
import { ConflictError } from '../errors.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { asset, change, email, id, instant, timeZone } from './fields.ts'
import type { Guards } from './identity.ts'
import { confirmPassword } from './own-password.ts'
import { newPassword, shownPassword } from './passwords.ts'
import { bounds } from './tries.ts'

const user = {
  id,
  timeZone: z.string().openapi({ description: 'Decides on which day an instant falls.' }),
  baseCurrency: z
    .string()
    .openapi({ description: 'What net worth is told in, where a request says nothing.' }),
  createdAt: instant,
}
const newUser = z.object({ ...user, email: z.string() }).openapi('NewUser')
const ownUser = z
  .object({
    ...user,
    email: z.string().nullable(),
    secondFactor: z.boolean().openapi({ description: 'Whether a log-in needs a code, too.' }),
  })
  .openapi('User')

export const createUser = defineRoute({
  method: 'post',
  path: '/v1/users',
  id: 'createUser',
  tag: 'Identity',
  summary: 'Sign up',
  access: 'public',
  body: z.strictObject({
    email,
    password: newPassword,
    timeZone: timeZone.default('UTC').openapi({ default: 'UTC' }),
    baseCurrency: asset.default('EUR').openapi({ default: 'EUR' }),
  }),
  answer: { status: 201, description: 'The user, who can log in now.', schema: newUser },
  problems: ['conflict', 'busy'],
  idempotency: 'heeded',
})

export const getMe = defineRoute({
  method: 'get',
  path: '/v1/users/me',
  id: 'getMe',
  tag: 'Identity',
  summary: 'Who the token is of',
  access: ['read'],
  answer: { status: 200, description: 'The caller.', schema: ownUser },
})

export const updateMe = defineRoute({
  method: 'patch',
  path: '/v1/users/me',
  id: 'updateMe',
  tag: 'Identity',
  summary: 'Change the time zone or the base currency',
  description:
    'Days of what is stored stay as they are; what arrives from then on falls into days of the new zone.',
  access: ['admin'],
  body: change({ timeZone: timeZone.optional(), baseCurrency: asset.optional() }),
  answer: { status: 200, description: 'The caller, as it is now.', schema: ownUser },
})

export const changeMyPassword = defineRoute({
  method: 'put',
  path: '/v1/users/me/password',
  id: 'changeMyPassword',
  tag: 'Identity',
  summary: 'Change the password',
  description: 'Every other log-in of the user ends at once. API keys stay good.',
  access: ['admin'],
  body: z.strictObject({ currentPassword: shownPassword, newPassword }),
  answer: { status: 204, description: 'The new password counts.' },
  problems: ['refused', 'conflict', 'busy'],
})

export function serveUsers({ serve, parts }: Api, guards: Guards): void {
  const { sql } = parts.db

  serve(createUser, async ({ body, address, now, complete }) => {
    const { password, ...given } = body
    const attempt = await guards.tries.begin(bounds.signUps(address), bounds.failures(address))
    if (await isEmailTaken(sql, given.email)) throw new ConflictError(taken)
    const passwordHash = await attempt.decide(() => guards.passwords.hash(password))
    const answer = { id: await nextUserId(sql), ...given, createdAt: now.toISOString() }
    const added = { ...answer, passwordHash, createdAt: now }
    if (!(await signUp(sql, added, complete(answer)))) throw new ConflictError(taken)
    await attempt.succeeded()
    return answer
  })

  serve(getMe, async ({ user }) => readOwnUser(sql, user.userId))

  serve(updateMe, async ({ user, body }) => updateUser(sql, user.userId, body))

  serve(changeMyPassword, async ({ user: { userId, sessionId }, body, now }) => {
    const { passwordHash: before } = await confirmPassword(parts, guards, userId, body.currentPassword)
    const after = await guards.passwords.hash(body.newPassword)
    if (!(await changePassword(sql, { userId, before, after, keptSession: sessionId }, now)))
      throw new ConflictError('the password was changed by another request meanwhile')
    // Whoever used up the tries at the second factor knew the former password.
    await guards.tries.forgive(bounds.code(userId))
    return undefined
  })
}

const taken = 'somebody has signed up with this email, or was added with it: log in, or use another one'
