import {
  ConnectorBugError,
  RateLimitedError,
  ReauthError,
  RestartError,
  RevokedError,
  TransientError,
} from '../errors.ts'
import type { HttpResponse } from '../http-client.ts'
import { parseExactJson } from '../json.ts'
import { retryAfter } from '../retry-after.ts'
import { type PlaidError, plaidError } from './wire.ts'

export type ErrorMeaning =
  | 'reauth'
  | 'revoked'
  | 'rate-limited'
  | 'transient'
  | 'restart'
  | 'settings'
  | 'field'
  | 'unexpected'

/**
 * What an error of Plaid's asks for, by its code and then by its type (https://plaid.com/docs/errors/). HTTP statuses
 * do not tell: nearly all of them are 400.
 */
export function meaningOf({ error_type, error_code, error_code_reason }: PlaidError): ErrorMeaning {
  // "The user's OAuth connection is invalid because the user revoked their connection": it comes as a login that is
  // required, and is more than that.
  if (error_code_reason === 'OAUTH_USER_REVOKED') return 'revoked'
  return meaningByCode[error_code] ?? meaningByType[error_type] ?? 'unexpected'
}

const meaningByCode: Record<string, ErrorMeaning> = {
  TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION: 'restart',
  INVALID_FIELD: 'field',
  PRODUCT_NOT_READY: 'transient',

  // The Item is gone: "previously removed via /item/remove, or has had access removed by the user".
  ITEM_NOT_FOUND: 'revoked',
  ITEM_CONCURRENTLY_DELETED: 'revoked',
  // "has been removed, either via an /item/remove request or by the end user through my.plaid.com".
  INVALID_ACCESS_TOKEN: 'revoked',
  USER_PERMISSION_REVOKED: 'revoked',
  INSTITUTION_NO_LONGER_SUPPORTED: 'revoked',

  // Not revoked for good: Plaid's remedy is Link's update mode, where the owner shares what was left out.
  ACCESS_NOT_GRANTED: 'reauth',
  ADDITIONAL_CONSENT_REQUIRED: 'reauth',
  // Good for one exchange within 30 minutes; Link gives another.
  INVALID_PUBLIC_TOKEN: 'reauth',

  INVALID_API_KEYS: 'settings',
  UNAUTHORIZED_ENVIRONMENT: 'settings',
  UNAUTHORIZED_ROUTE_ACCESS: 'settings',
  INVALID_PRODUCT: 'settings',
  PRODUCT_NOT_ENABLED: 'settings',
  PRODUCTS_NOT_SUPPORTED: 'unexpected',
}

const meaningByType: Record<string, ErrorMeaning> = {
  // ITEM_LOGIN_REQUIRED, ITEM_LOCKED, INVALID_CREDENTIALS and the like: "can be resolved by having the user go
  // through Link's update mode" (https://plaid.com/docs/api/items/#error).
  ITEM_ERROR: 'reauth',
  OAUTH_ERROR: 'reauth',
  RATE_LIMIT_EXCEEDED: 'rate-limited',
  // INSTITUTION_DOWN, INSTITUTION_NOT_RESPONDING; INTERNAL_SERVER_ERROR, PLANNED_MAINTENANCE.
  INSTITUTION_ERROR: 'transient',
  API_ERROR: 'transient',
}

/**
 * Limits of endpoints that are counted by Item first (https://plaid.com/docs/errors/rate-limit-exceeded/). The same
 * codes stand for a client's limit, which is fifty times as high, and which ours keeps to.
 */
const limitedByItem = new Set([
  'TRANSACTIONS_LIMIT',
  'TRANSACTIONS_SYNC_LIMIT',
  'ACCOUNTS_LIMIT',
  'ITEM_GET_LIMIT',
])

/** The error that Plaid wrote into an answer, or undefined where it wrote none. */
export function readError(text: string): PlaidError | undefined {
  try {
    return plaidError.safeParse(parseExactJson(text)).data
  } catch (error) {
    // A proxy's page, say: its status tells what there is to tell.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** `sentCursor`: the request went on from a cursor, which may be the field that is at fault. */
export function errorOfAnswer(
  response: Pick<HttpResponse, 'text' | 'headers'>,
  { now, sentCursor }: { now: Date; sentCursor: boolean },
): Error | undefined {
  const error = readError(response.text)
  if (!error) return undefined
  const said = `Plaid answered ${nameOf(error)}`
  switch (meaningOf(error)) {
    case 'reauth':
      return new ReauthError(`${said}: the owner has to sign in again through Plaid Link`)
    case 'revoked':
      return new RevokedError(`${said}: Plaid has no access any more, and a new connection has to be made`)
    case 'rate-limited':
      return new RateLimitedError(said, retryAfter(response.headers.get('retry-after'), now), {
        ...(limitedByItem.has(error.error_code) && { scope: 'connection' as const }),
      })
    case 'transient':
      return new TransientError(said)
    case 'restart':
      return new RestartError(`${said}: transactions changed between two pages`)
    case 'settings':
      return new ConnectorBugError(
        `${said}: correct clientId, secret and baseUrl in the platform's settings for Plaid, and see that its ` +
          'dashboard allows Transactions there',
      )
    case 'field':
      if (sentCursor) return new RestartError(`${said}: the cursor is not accepted`, { fromStart: true })
  }
  return new ConnectorBugError(`${said}, which the connector does not expect`)
}

/** Error codes and request ids are public; what else Plaid writes for developers may repeat the request. */
function nameOf({ error_code, request_id }: PlaidError): string {
  const code = /^[A-Z0-9_]{1,80}$/.test(error_code) ? error_code : 'an unknown error'
  return request_id && /^\w{1,40}$/.test(request_id) ? `${code} (request ${request_id})` : code
}
