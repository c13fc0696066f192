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
import { RefusedError, TidemarkError } from '../errors.ts'
import { redact } from '../redact.ts'
import { createCheckGate } from './check-gate.ts'
import type { openSync } from './open-sync.ts'
import type { CommandContext } from './terminal.ts'

/**
 * Asks the provider whether it takes the credentials, within its budget. Throws a RefusedError where it does not, and
 * a TransientError where it could not be reached.
 */
export async function checkConnection(
  context: CommandContext,
  parts: Awaited<ReturnType<typeof openSync>>,
  connector: Connector,
  given: Pick<ConnectorContext, 'credentials' | 'config' | 'timeZone'>,
): Promise<CheckResult<unknown>> {
  const { clock, signal, log } = context
  const settings = await parts.connectors.settings(connector.id)
  const gate = createCheckGate(context, parts, connector)
  try {
    return await connector.check({
      ...given,
      settings,
      http: createHttpClient({ fetch: parts.fetch, gate, clock, signal }),
      clock,
      signal,
      log,
      saveCredentials: async () => {},
    })
  } catch (error) {
    if (signal.aborted) throw error
    throw asOutcome(asTidemarkError(error), given.credentials, settings)
  }
}

/** What is told of a check that failed. Its message may repeat what the provider was asked with. */
function asOutcome(error: unknown, credentials: unknown, settings: unknown): unknown {
  if (!(error instanceof TidemarkError)) {
    const name = error instanceof Error ? error.name : typeof error
    return new ConnectorBugError(`the connector failed (${name})`, { cause: error })
  }
  const message = redact(error.message, [credentials, settings]) as string
  if (error instanceof TransientError || error instanceof RateLimitedError || error instanceof RestartError) {
    const given = Object.keys(credentials as object).length > 0
    const token = given ? '; a one-time token among the credentials may or may not have been used' : ''
    return new TransientError(`the provider could not be reached: ${message}${token}`, { cause: error })
  }
  if (error instanceof ConnectorError || error instanceof RefusedError)
    return new RefusedError(`the provider does not take it: ${message}`, { cause: error })
  return error
}
