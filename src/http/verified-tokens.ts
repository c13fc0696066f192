import { decodeJwt } from 'jose'
import { LRUCache } from 'lru-cache'
import type { AccessTokens } from './access-token.ts'

const mostTokens = 10_000

/**
 * A token is shown with every request of its five minutes. Its signature is checked once; while its time has not run
 * out, the same text need not be checked again. That its log-in goes on is asked of the database each time, elsewhere.
 */
export function rememberVerified(tokens: AccessTokens, clock: () => Date): AccessTokens {
  const verified = new LRUCache<string, { userId: string; sessionId: string; from: number; until: number }>({
    max: mostTokens,
  })
  return {
    issue: tokens.issue,
    async verify(token) {
      const seconds = clock().getTime() / 1000
      const known = verified.get(token)
      if (known && known.from <= seconds && seconds < known.until) return known
      const claims = await tokens.verify(token)
      const { nbf, exp } = decodeJwt(token)
      verified.set(token, { ...claims, from: nbf!, until: exp! })
      return claims
    },
  }
}
