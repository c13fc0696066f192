import { TidemarkError } from '../errors.ts'

/**
 * What a provider can answer instead of data. A connector says which of them it was; whether and when it is tried
 * again is decided in one place, by the scheduler.
 */
export abstract class ConnectorError extends TidemarkError {
  readonly status: number = 502
  readonly exitCode: 1 | 2 = 1
}

/** The owner has to sign in to the provider again. Not tried again until new credentials come. */
export class ReauthError extends ConnectorError {
  readonly code = 'reauth'
}

/** The owner took the permission back, or the provider closed the connection for good. */
export class RevokedError extends ConnectorError {
  readonly code = 'revoked'
}

/** Too many requests: nothing is asked of this limit's scope before `retryAt`, or a while where it is not told. */
export class RateLimitedError extends ConnectorError {
  readonly code = 'rate-limited'
  override readonly retryable = true
  readonly retryAt: Date | undefined
  /** What was limited, where the provider tells: all of its clients' requests, or those of one connection. */
  readonly scope: 'client' | 'connection' | undefined

  constructor(
    message: string,
    retryAt: Date | undefined,
    options: { cause?: unknown; scope?: 'client' | 'connection' } = {},
  ) {
    super(message, options)
    this.retryAt = retryAt
    this.scope = options.scope
  }
}

/** Down, slow, or cut off: the same request may succeed later. */
export class TransientError extends ConnectorError {
  readonly code = 'transient'
  override readonly retryable = true
}

/**
 * The page group cannot be continued (the data changed between two pages): it starts again from its first cursor.
 * With `fromStart` the cursor itself is of no use any more, and everything is read again.
 */
export class RestartError extends ConnectorError {
  readonly code = 'restart'
  override readonly retryable = true
  readonly fromStart: boolean

  constructor(message: string, options: { cause?: unknown; fromStart?: boolean } = {}) {
    super(message, options)
    this.fromStart = options.fromStart ?? false
  }
}

/** The provider wants to be paid before it answers. */
export class PaymentError extends ConnectorError {
  readonly code = 'payment'
}

/** The answer is not what the provider's protocol says, or the connector is wrong about it. */
export class ConnectorBugError extends ConnectorError {
  readonly code = 'bug'
  override readonly retryable = true
}
