import type { KeyObject } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { UnauthenticatedError } from '../errors.ts'
import type { Keyring } from '../keyring.ts'

/** Seconds for which an access token is good. */
export const accessTokenSeconds = 300

/** Clocks of several servers may differ by so many seconds. */
const clockTolerance = 5
const algorithm = 'HS256'
const issuer = 'tidemark'
const audience = 'tidemark-api'
/** RFC 9068, section 2.1. */
const type = 'at+jwt'
const purpose = 'access token'

export interface AccessTokens {
  issue(session: { userId: string; sessionId: string }): Promise<string>
  /** Throws an UnauthenticatedError that does not say what exactly is wrong. */
  verify(token: string): Promise<{ userId: string; sessionId: string }>
}

/**
 * Access tokens: JWTs (RFC 7519) of one algorithm, signed under a key made from the installation's, whose id they
 * bear. Whoever verifies them is Tidemark itself, so that one secret key serves better than a pair. After a rotation
 * tokens of the key before stay good as long as that key is kept.
 */
export function createAccessTokens({
  keyring,
  clock,
}: {
  keyring: Keyring
  clock: () => Date
}): AccessTokens {
  const keys = new Map<string, KeyObject>()

  function keyOf(keyId: unknown): KeyObject {
    // An id as the keyring makes them, so that strangers cannot make it look for anything else.
    if (typeof keyId !== 'string' || !/^[0-9a-f]{16}$/.test(keyId)) throw new UnauthenticatedError(refusal)
    const known = keys.get(keyId) ?? keyring.derive(purpose, keyId)?.secret
    if (known === undefined) throw new UnauthenticatedError(refusal)
    keys.set(keyId, known)
    return known
  }

  return {
    async issue({ userId, sessionId }) {
      const { keyId, secret } = keyring.derive(purpose)!
      const now = Math.floor(clock().getTime() / 1000)
      return new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: algorithm, typ: type, kid: keyId })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + accessTokenSeconds)
        .sign(secret)
    },

    async verify(token) {
      if (!isCanonical(token)) throw new UnauthenticatedError(refusal)
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keyOf(kid), {
          algorithms: [algorithm],
          issuer,
          audience,
          typ: type,
          clockTolerance,
          currentDate: clock(),
          // One that says that it will be issued some day is not good yet, whatever else it says.
          maxTokenAge: accessTokenSeconds,
          requiredClaims: ['sub', 'sid', 'iat', 'nbf', 'exp'],
        })
        return claimsOf(payload)
      } catch (error) {
        if (error instanceof errors.JWTExpired)
          throw new UnauthenticatedError('the access token has expired: refresh it', { cause: error })
        if (error instanceof errors.JOSEError) throw new UnauthenticatedError(refusal, { cause: error })
        throw error
      }
    },
  }
}

const refusal = 'the access token is not valid: log in again'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function claimsOf({ sub, sid, exp, iat }: JWTPayload): { userId: string; sessionId: string } {
  const whole =
    typeof sub === 'string' && /^[1-9]\d{0,17}$/.test(sub) && typeof sid === 'string' && uuid.test(sid)
  // Whatever says that it is good for longer was not made here.
  if (!whole || exp! - iat! > accessTokenSeconds) throw new UnauthenticatedError(refusal)
  return { userId: sub, sessionId: sid }
}

/** Base64 leaves bits at the end that say nothing: of several texts with the same bytes, one is the token. */
function isCanonical(token: string): boolean {
  return token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
}
