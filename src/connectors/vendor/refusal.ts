import { RevokedError, TransientError } from '../errors.ts'
import type { HttpResponse } from '../http-client.ts'

/**
 * A 403 ends the connection of all users only where it says so in clear words: a firewall before the API, or a key
 * that lacks one permission for a while, answers 403 as well. A 401 stays what it is.
 */
export function refusalOf({ status, text }: Pick<HttpResponse, 'status' | 'text'>): Error | undefined {
  if (status !== 403) return undefined
  if (saysRevoked(text)) return new RevokedError('the vendor answered 403: the API key was revoked')
  return new TransientError('the vendor answered 403')
}

/** As the API writes its errors: `{"statusCode": 403, "message": "…"}`. A firewall's page is no JSON. */
function saysRevoked(text: string): boolean {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' && /\bkey\b.*\b(revoked|disabled|deactivated)\b/i.test(message)
  } catch {
    return false
  }
}
