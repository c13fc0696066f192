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

  function keyOf(keyId: string | undefined): KeyObject {
    // An id as the keyring makes them, so that strangers cannot make it look for anything else.
    if (keyId === undefined || !/^[0-9a-f]{16}$/.test(keyId)) throw new UnauthenticatedError(refusal)
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
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keyOf(kid), {
          algorithms: [algorithm],
          issuer,
          audience,
          typ: type,
          clockTolerance,
          currentDate: clock(),
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

function claimsOf({ sub, sid, exp, iat }: JWTPayload): { userId: string; sessionId: string } {
  const whole = /^[1-9]\d{0,17}$/.test(sub ?? '') && /^[0-9a-f-]{36}$/.test(String(sid))
  // Whatever says that it is good for longer was not made here.
  if (!whole || exp! - iat! > accessTokenSeconds) throw new UnauthenticatedError(refusal)
  return { userId: sub!, sessionId: String(sid) }
}
