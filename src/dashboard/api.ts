import { createClient } from '../client/client.ts'
import { noteServerTime } from './server-time.ts'
import { currentToken, replaceToken } from './session/access-token.ts'

/** The API, asked by whoever is logged in. A token that ends in between is exchanged, and the request sent again. */
export const api = createClient({
  baseUrl: location.origin,
  token: currentToken,
  fetch: async (url, init) => {
    const response = await fetch(url, init)
    noteServerTime(response)
    const refused = bearerOf(init)
    if (response.status !== 401 || refused === undefined) return response
    const token = await replaceToken(refused)
    return fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } })
  },
})

export type Api = typeof api
/** What an operation answers. */
export type Answer<Operation extends keyof Api> = Awaited<ReturnType<Api[Operation]>>

function bearerOf({ headers }: RequestInit): string | undefined {
  const { authorization } = (headers ?? {}) as Record<string, string>
  return authorization?.slice('Bearer '.length)
}
