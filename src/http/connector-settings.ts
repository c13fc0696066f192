import { ConflictError, RefusedError } from '../errors.ts'
import type { HttpParts } from './parts.ts'

/**
 * What the platform configured for a connector. Throws a ConflictError where it did not: what exactly is missing, and in
 * which file, is told to its operator by the command line.
 */
export async function connectorSettings(
  connectors: Pick<HttpParts['connectors'], 'settings'>,
  connectorId: string,
): Promise<unknown> {
  try {
    return await connectors.settings(connectorId)
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new ConflictError(`this installation is not set up for sources of type ${connectorId}`, {
      cause: error,
    })
  }
}
