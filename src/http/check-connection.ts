import type { CheckResult, Connector, ConnectorContext } from '../connectors/connector.ts'
import {
  ConnectorBugError,
  ConnectorError,
  RateLimitedError,
  RestartError,
  TransientError,
} from '../connectors/errors.ts'
import { createHttpClient } from '../connectors/http-client.ts'
import { asTidemarkError } from '../db/client.ts'
import { RefusedError, TidemarkError, UnprocessableError } from '../errors.ts'
import { redact } from '../redact.ts'
import { type CheckWaiting, createCheckGate } from './check-gate.ts'
import type { HttpParts } from './parts.ts'
import { ProviderUnavailableError } from './provider-unavailable.ts'

export type CheckParts = Pick<
  HttpParts,
  'db' | 'connectors' | 'fetch' | 'clock' | 'sleep' | 'random' | 'signal' | 'log'
>

export interface CheckLimits extends CheckWaiting {
  /** Milliseconds for the whole of the check; without it, as long as it takes. */
  timeout?: number
}

/**
 * Asks the provider whether it takes the credentials, within its budget. Throws an UnprocessableError where it does
 * not, and a ProviderUnavailableError where it could not be asked. `settings`: of the platform, as connectors tell them.
 */
export async function checkConnection(
  parts: CheckParts,
  connector: Connector,
  given: Pick<ConnectorContext, 'credentials' | 'config' | 'timeZone' | 'settings'>,
  { timeout, ...waiting }: CheckLimits = {},
): Promise<CheckResult<unknown>> {
  const { clock, log } = parts
  const deadline = timeout === undefined ? [] : [AbortSignal.timeout(timeout)]
  const signal = AbortSignal.any([parts.signal, ...deadline])
  const gate = createCheckGate({ ...parts, signal }, connector, waiting)
  try {
    return await connector.check({
      ...given,
      http: createHttpClient({ fetch: parts.fetch, gate, clock, signal }),
      clock,
      signal,
      log,
      saveCredentials: async () => {},
    })
  } catch (error) {
    if (parts.signal.aborted) throw error
    const fault = signal.aborted ? new TransientError('it took too long to answer') : asTidemarkError(error)
    throw asOutcome(fault, given, clock())
  }
}

/** Seconds after which a provider that could not be reached may be tried again, where it does not say. */
const usualPause = 10

/** What is told of a check that failed. Its message may repeat what the provider was asked with. */
function asOutcome(
  error: unknown,
  { credentials, settings }: Pick<ConnectorContext, 'credentials' | 'settings'>,
  now: Date,
): unknown {
  const secrets = [credentials, settings]
  const cause = redact(error, secrets)
  if (!(error instanceof TidemarkError)) {
    const name = error instanceof Error ? error.name : typeof error
    return new ConnectorBugError(`the connector failed (${name})`, { cause })
  }
  const message = redact(error.message, secrets) as string
  if (error instanceof TransientError || error instanceof RateLimitedError || error instanceof RestartError) {
    const given = Object.keys(credentials as object).length > 0
    const token = given ? '; a one-time token among the credentials may or may not have been used' : ''
    const retryAt = error instanceof RateLimitedError ? error.retryAt : undefined
    const pause = retryAt === undefined ? usualPause : (retryAt.getTime() - now.getTime()) / 1000
    return new ProviderUnavailableError(`the provider could not be reached: ${message}${token}`, pause)
  }
  if (error instanceof ConnectorError || error instanceof RefusedError)
    return new UnprocessableError(`the provider does not take it: ${message}`, { cause })
  return error
}
