import { z } from '@hono/zod-openapi'
import {
  beginSecondFactor,
  confirmSecondFactor,
  readPendingSecret,
  removeSecondFactor,
} from '../db/second-factor.ts'
import { ConflictError, RefusedError } from '../errors.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import type { Guards } from './identity.ts'
import { checkCode, confirmPassword } from './own-password.ts'
import { shownPassword } from './passwords.ts'
import { makeTotp } from './totp.ts'

export const code = z
  .string()
  .regex(/^\d{6}$/, 'must be the six digits that the authenticator shows')
  .openapi({ example: '123456' })

export const createSecondFactor = defineRoute({
  method: 'post',
  path: '/v1/second-factor',
  id: 'createSecondFactor',
  tag: 'Identity',
  summary: 'Begin with a second factor',
  description:
    'Codes by time (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds). It counts once it is confirmed with a code; begun ' +
    'again before that, there is another secret.',
  access: ['admin'],
  body: z.strictObject({ password: shownPassword }),
  answer: {
    status: 201,
    description: 'For the authenticator. It is not shown again.',
    schema: z
      .object({
        secret: z.string().openapi({ description: 'In base32.' }),
        uri: z.string().openapi({ description: 'To be shown as a QR code.', example: 'otpauth://totp/…' }),
      })
      .openapi('NewSecondFactor'),
  },
  problems: ['refused', 'conflict', 'busy'],
  idempotency: 'heeded',
})

export const confirmMySecondFactor = defineRoute({
  method: 'post',
  path: '/v1/second-factor/confirm',
  id: 'confirmSecondFactor',
  tag: 'Identity',
  summary: 'Turn the second factor on',
  access: ['admin'],
  body: z.strictObject({ code }),
  answer: { status: 204, description: 'From now on a log-in needs a code.' },
  problems: ['refused', 'conflict'],
})

export const removeMySecondFactor = defineRoute({
  method: 'post',
  path: '/v1/second-factor/remove',
  id: 'removeSecondFactor',
  tag: 'Identity',
  summary: 'Turn the second factor off',
  description: 'Whoever lost it asks the operator, who runs `tidemark user password --remove-second-factor`.',
  access: ['admin'],
  body: z.strictObject({ password: shownPassword, code }),
  answer: { status: 204, description: 'A log-in needs the password alone.' },
  problems: ['refused', 'conflict', 'busy'],
})

export function serveSecondFactor({ serve, parts }: Api, guards: Guards): void {
  const { db, keyring } = parts

  serve(createSecondFactor, async ({ user: { userId, email }, body, complete }) => {
    const { secondFactor } = await confirmPassword(parts, guards, userId, body.password)
    if (secondFactor) throw new ConflictError(isOn)
    const made = makeTotp(email ?? `user ${userId}`)
    if (!(await beginSecondFactor(db.sql, keyring, userId, { secret: made.secret }, complete(made))))
      throw new ConflictError(isOn)
    return made
  })

  serve(confirmMySecondFactor, async ({ user: { userId }, body, now }) => {
    const sealed = await readPendingSecret(db.sql, userId)
    if (sealed === undefined)
      throw new ConflictError('there is no second factor to be confirmed: begin with POST /v1/second-factor')
    const step = await checkCode(parts, guards.tries, { userId, sealed, lastStep: -1 }, body.code, now)
    if (step === undefined) throw new RefusedError('the code is not right: send the one that is shown now')
    if (!(await confirmSecondFactor(db.sql, userId, { sealed, step }, now)))
      throw new ConflictError('the second factor was begun again meanwhile: confirm the new one')
    return undefined
  })

  serve(removeMySecondFactor, async ({ user: { userId }, body, now }) => {
    const { secondFactor } = await confirmPassword(parts, guards, userId, body.password)
    if (!secondFactor) throw new ConflictError('the second factor is off')
    const step = await checkCode(parts, guards.tries, { userId, ...secondFactor }, body.code, now)
    if (step === undefined || !(await removeSecondFactor(db.sql, userId, step)))
      throw new RefusedError('the code is not right, or was used before: send the next one')
    return undefined
  })
}

const isOn = 'a second factor is on already: turn it off first'
