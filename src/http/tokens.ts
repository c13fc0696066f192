import { randomUUID } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { findLogIn } from '../db/passwords.ts'
import {
  endSession,
  endSessionOfToken,
  endSessions,
  openSession,
  rotateRefreshToken,
} from '../db/sessions.ts'
import { UnauthenticatedError } from '../errors.ts'
import { accessTokenSeconds } from './access-token.ts'
import type { Api } from './api.ts'
import { authenticate } from './authenticate.ts'
import { defineRoute } from './define-route.ts'
import { email, instant } from './fields.ts'
import type { Guards } from './identity.ts'
import { checkCode } from './own-password.ts'
import { shownPassword } from './passwords.ts'
import {
  forgivingSeconds,
  hashRefreshToken,
  makeRefreshToken,
  type RefreshToken,
  readRefreshToken,
  refreshTokenPrefix,
  sessionDays,
  successorOf,
  writeRefreshToken,
} from './refresh-token.ts'
import { code } from './second-factor.ts'
import { bounds } from './tries.ts'

const tokens = z
  .object({
    accessToken: z.string().openapi({ description: 'To be sent as `Authorization: Bearer …`.' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().openapi({ description: 'Seconds for which the access token is good.', example: 300 }),
    refreshToken: z.string().openapi({ description: 'Good for one exchange at POST /v1/tokens/refresh.' }),
    refreshExpiresAt: instant.openapi({
      description: `When the log-in ends, whatever is refreshed: ${sessionDays} days after it began.`,
    }),
  })
  .openapi('Tokens')

const refreshToken = z
  .string()
  .min(1, 'must not be empty')
  .max(512, 'must have at most 512 characters')
  .openapi({ format: 'password', example: `${refreshTokenPrefix}…` })

export const createTokens = defineRoute({
  method: 'post',
  path: '/v1/tokens',
  id: 'createTokens',
  tag: 'Identity',
  summary: 'Log in',
  description:
    'An access token is good for 5 minutes, or until its log-in ends. A wrong email and a wrong password are answered ' +
    'in the same way. Where a second factor is on, `second-factor-needed` is answered to a right password without a ' +
    'right code. After 10 failures within 15 minutes, log-ins with the email are refused for the rest of them, right ' +
    'or not.',
  access: 'public',
  body: z.strictObject({
    email,
    password: shownPassword,
    code: code.optional().openapi({ description: 'Of the second factor, where it is on.' }),
  }),
  answer: { status: 200, description: 'Tokens of a new log-in.', schema: tokens },
  problems: ['unauthenticated', 'second-factor-needed', 'busy'],
})

export const refreshTokens = defineRoute({
  method: 'post',
  path: '/v1/tokens/refresh',
  id: 'refreshTokens',
  tag: 'Identity',
  summary: 'Exchange a refresh token for new tokens',
  description:
    `A refresh token is good for one exchange. Where the answer was lost, the same exchange gives the same refresh ` +
    `token once more, within ${forgivingSeconds / 60} minutes and as long as that was not used. Any other reuse ends ` +
    'the log-in: the token is in two hands.',
  access: 'public',
  body: z.strictObject({ refreshToken }),
  answer: { status: 200, description: 'New tokens of the same log-in.', schema: tokens },
  problems: ['unauthenticated'],
})

export const deleteTokens = withOptionalBody(
  defineRoute({
    method: 'delete',
    path: '/v1/tokens',
    id: 'deleteTokens',
    tag: 'Identity',
    summary: 'Log out',
    description:
      'Ends the log-in of the refresh token in the body, or, without one, of the access token that the request is made ' +
      'with. Its access tokens are refused at once. A refresh token that is not known is no fault. `everywhere` ends ' +
      'every log-in of the user, the one it is asked from as well; API keys stay good.',
    access: 'public',
    mayAuthenticate: true,
    body: z
      .strictObject({
        refreshToken: refreshToken.optional(),
        everywhere: z.literal(true).optional().openapi({ description: 'Asked with an access token.' }),
      })
      .refine(({ refreshToken, everywhere }) => refreshToken === undefined || everywhere === undefined, {
        path: ['everywhere'],
        error: 'must not stand beside refreshToken: it is asked with an access token',
      })
      .openapi({ maxProperties: 1 }),
    answer: { status: 204, description: 'The log-in has ended, or all have.' },
  }),
)

/** With a wrong password, or with the email of nobody. */
const refusal = 'the email or the password is not right'

export function serveTokens({ serve, parts, callers, tokens: accessTokens }: Api, guards: Guards): void {
  const { db, keyring, log } = parts

  async function answer(token: RefreshToken, session: { id: string; userId: string; expiresAt: Date }) {
    return {
      accessToken: await accessTokens.issue({ userId: session.userId, sessionId: session.id }),
      tokenType: 'Bearer' as const,
      expiresIn: accessTokenSeconds,
      refreshToken: writeRefreshToken(token),
      refreshExpiresAt: session.expiresAt.toISOString(),
    }
  }

  serve(createTokens, async ({ body, address, now }) => {
    const attempt = await guards.tries.begin(bounds.logIn(body.email), bounds.failures(address))
    const { known, right } = await attempt.decide(async () => {
      const known = await findLogIn(db.sql, body.email)
      return { known, right: await guards.passwords.matches(body.password, known?.passwordHash) }
    })
    if (!right || !known || known.passwordHash === null) throw new UnauthenticatedError(refusal)
    const { userId, passwordHash, secondFactor } = known
    let codeStep: number | undefined
    if (secondFactor) {
      if (body.code === undefined) {
        await attempt.withdraw()
        throw new SecondFactorNeededError('send the code of the second factor along')
      }
      codeStep = await checkCode(parts, guards.tries, { userId, ...secondFactor }, body.code, now)
      if (codeStep === undefined) throw new SecondFactorNeededError(wrongCode)
    }
    const token = makeRefreshToken(keyring)
    const expiresAt = new Date(now.getTime() + sessionDays * 86_400_000)
    const session = { id: randomUUID(), userId, createdAt: now, expiresAt }
    const opened = await openSession(
      db.sql,
      { ...session, tokenHash: hashRefreshToken(token) },
      { passwordHash, codeStep },
    )
    // What was shown was right a moment ago, and another request has made it wrong.
    if (!opened) throw new UnauthenticatedError(refusal)
    await attempt.succeeded()
    return answer(token, session)
  })

  serve(refreshTokens, async ({ body, now, requestId }) => {
    const token = readRefreshToken(body.refreshToken)
    if (token === undefined) throw new UnauthenticatedError(endedLogIn)
    const successor = successorOf(keyring, token)
    const hashes = { hash: hashRefreshToken(token), successor: hashRefreshToken(successor) }
    const { outcome, session } = await rotateRefreshToken(db.sql, hashes, { now, forgivingSeconds })
    if (session !== null && (outcome === 'rotated' || outcome === 'forgiven'))
      return answer(successor, session)
    if (session !== null && outcome === 'reused')
      log.warn(
        { requestId, userId: session.userId, session: session.id },
        'a refresh token was shown again after its exchange: its log-in was ended',
      )
    throw new UnauthenticatedError(endedLogIn)
  })

  serve(deleteTokens, async ({ body, request, now }) => {
    if (body.refreshToken !== undefined) {
      const token = readRefreshToken(body.refreshToken)
      if (token) await endSessionOfToken(db.sql, hashRefreshToken(token), now)
      return undefined
    }
    const header = request.headers.get('authorization') ?? undefined
    const caller = await authenticate({ callers, tokens: accessTokens }, header)
    if (caller.kind !== 'user' || caller.sessionId === undefined)
      throw new UnauthenticatedError('an API key is of no log-in: revoke the key instead')
    if (body.everywhere) await endSessions(db.sql, caller.userId, now)
    else await endSession(db.sql, caller.userId, caller.sessionId, now)
    return undefined
  })
}

const endedLogIn = 'the refresh token is not good, or its log-in has ended: log in again'
const wrongCode = 'the code is not right, or was used before: send the next one'

class SecondFactorNeededError extends UnauthenticatedError {
  override readonly code = 'second-factor-needed'
}

/** Without a body and its content type the handler gets `{}`. */
function withOptionalBody<Spec extends { config: { request?: { body?: object } } }>(route: Spec): Spec {
  const request = { ...route.config.request, body: { ...route.config.request?.body, required: false } }
  return { ...route, config: { ...route.config, request } }
}
