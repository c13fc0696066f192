import { TransientError } from './errors.ts'
import type { HttpClient } from './http-client.ts'

/**
 * For a provider that needs no credentials: a 401 or 403 comes from a firewall on the way, which lets one in again.
 * Nobody can sign in, and no permission was taken back.
 */
export function asPublicFeed(http: HttpClient): HttpClient {
  return {
    request: (url, request) =>
      http.request(url, {
        ...request,
        errorOf: (response) =>
          response.status === 401 || response.status === 403
            ? new TransientError(`a firewall before the provider answered ${response.status}`)
            : request?.errorOf?.(response),
      }),
  }
}
