import { BusyError } from '../errors.ts'

/** A provider that a request needs an answer of could not be asked now; it may be tried again after so many seconds. */
export class ProviderUnavailableError extends BusyError {
  override readonly code = 'provider-unavailable'
}
