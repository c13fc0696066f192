import { RefusedError, TidemarkError } from '../errors.ts'
import type { CcxtModule } from './ccxt-module.ts'
import { ConnectorBugError, RateLimitedError, ReauthError, RevokedError, TransientError } from './errors.ts'

/**
 * What ccxt threw, in our own classes and words. Its messages hold the signed address and the whole answer, so
 * nothing of them goes on, not as a cause either. Ours come out as they went in.
 */
export function errorOfCcxt(error: unknown, exchange: string, errors: CcxtModule['errors']): Error {
  if (error instanceof TidemarkError) return error
  const is = (name: keyof CcxtModule['errors']) => error instanceof errors[name]
  if (is('AccountSuspended')) return new RevokedError(`${exchange} has suspended the account`)
  if (is('PermissionDenied'))
    // Another key is what helps: the owner has to make one.
    return new ReauthError(
      `the API key lacks a permission: allow it to read balances, ledger, trades, deposits and withdrawals on ${exchange}`,
    )
  if (is('AuthenticationError'))
    return new ReauthError(`${exchange} does not accept the API key, its secret or its permissions`)
  if (is('RateLimitExceeded') || is('DDoSProtection'))
    return new RateLimitedError(`${exchange} says that there were too many requests`, undefined, {
      scope: 'connection',
    })
  // Among them ExchangeNotAvailable, OnMaintenance, RequestTimeout and InvalidNonce; BadResponse is none of them.
  if (is('OperationFailed') && !is('BadResponse'))
    return new TransientError(`${exchange} is not available now (${nameOf(error)})`)
  if (is('ArgumentsRequired'))
    return new RefusedError(`${exchange} tells trades by market alone: name the markets in "symbols"`)
  if (is('NotSupported')) return new ConnectorBugError(`ccxt does not offer for ${exchange} what was asked`)
  return new ConnectorBugError(
    `${exchange} answered what the connector does not understand (${nameOf(error)})`,
  )
}

/** The name of the class alone. */
function nameOf(error: unknown): string {
  return error instanceof Error && /^[A-Za-z]{1,40}$/.test(error.name) ? error.name : 'an unknown fault'
}
