import { createHash } from 'node:crypto'
import type { Callers, KnownUser } from '../db/callers.ts'
import { ForbiddenError, UnauthenticatedError } from '../errors.ts'
import type { AccessTokens } from './access-token.ts'
import { allows, type Caller, type Scope, scopes, type UserCaller } from './caller.ts'

/** How an API key begins: it can be told from a token, and found where it was left lying about. */
export const apiKeyPrefix = 'tmk_'

/**
 * Who shows this header `Authorization: Bearer …`: an access token of a log-in that goes on, or an API key. Throws an
 * UnauthenticatedError.
 */
export async function authenticate(
  { callers, tokens }: { callers: Callers; tokens: AccessTokens },
  header: string | undefined,
): Promise<Caller> {
  if (header === undefined)
    throw new UnauthenticatedError('send "Authorization: Bearer …" with a token or an API key')
  const token = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(header)?.[1]
  if (token === undefined) throw new UnauthenticatedError('the header must be "Authorization: Bearer …"')
  return token.startsWith(apiKeyPrefix) ? byKey(callers, token) : bySession(callers, tokens, token)
}

async function bySession(callers: Callers, tokens: AccessTokens, token: string): Promise<Caller> {
  const { userId, sessionId } = await tokens.verify(token)
  const user = await callers.bySession(sessionId, userId)
  if (user === undefined) throw new UnauthenticatedError('the log-in has ended: log in again')
  return userCaller(user, { scopes: [...scopes], sessionId, countedAs: `user ${user.userId}` })
}

async function byKey(callers: Callers, token: string): Promise<Caller> {
  const known = await callers.byKey(hashApiKey(token).toString('hex'))
  if (known === undefined)
    throw new UnauthenticatedError('the API key is not known, was revoked, or has expired')
  const granted = known.scopes as Scope[]
  if (known.user === null)
    return {
      kind: 'service',
      keyId: known.keyId,
      scopes: granted,
      subject: `service ${known.keyId}`,
      countedAs: `key ${known.keyId}`,
    }
  // Whatever its row says: a person is no service.
  const own = granted.filter((scope) => scope !== 'service')
  return userCaller(known.user, { scopes: own, sessionId: undefined, countedAs: `key ${known.keyId}` })
}

function userCaller(user: KnownUser, rest: Pick<UserCaller, 'scopes' | 'sessionId' | 'countedAs'>): Caller {
  return { kind: 'user', ...user, ...rest, subject: `user ${user.userId}` }
}

/** Throws a ForbiddenError where the caller has none of the scopes. */
export function authorize(caller: Caller, needed: Scope[]): void {
  if (needed.some((scope) => allows(caller.scopes, scope))) return
  throw new ForbiddenError(
    `this needs the scope ${needed.join(' or ')}, and the token has ${caller.scopes.join(', ')}`,
  )
}

/** SHA-256: a key is 256 bits by chance, which nobody finds by trying. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
