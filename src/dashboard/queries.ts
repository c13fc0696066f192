import { QueryClient, useQuery } from '@tanstack/preact-query'
import { ApiProblem } from '../client/client.ts'
import { type Answer, api } from './api.ts'
import { serverNow } from './server-time.ts'

/** Milliseconds between two looks while something is under way, and at other times. */
const soon = 2_000
const usual = 60_000
/** While the server does not answer. */
const again = 5_000

/** What was answered is shown until a newer answer is there. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchInterval: ({ state }) => (isAway(state.error) ? again : usual),
      retry: (count, error) => count < 2 && isAway(error),
      retryDelay: 1_000,
    },
    mutations: { retry: false },
  },
})

/** The server, or what is behind it, may answer another time; what it refused it will refuse again. */
function isAway(error: unknown): boolean {
  return error !== null && !(error instanceof ApiProblem && error.status < 500)
}

/**
 * After a write: whatever was read may read otherwise now. What is on the page is read again, which ends the promise; what
 * is not is forgotten, so that no page begins with what was true before.
 */
export function refreshEverything(): Promise<void> {
  queryClient.removeQueries({ type: 'inactive' })
  return queryClient.invalidateQueries()
}

export type Me = Answer<'getMe'>

export function useMe() {
  return useQuery({ queryKey: ['me'], queryFn: ({ signal }) => api.getMe({ signal }) })
}

/** Of whoever was logged in until a moment ago. */
export function knownEmail(): string {
  return queryClient.getQueryData<Me>(['me'])?.email ?? ''
}

export function useAccounts() {
  return useQuery({ queryKey: ['accounts'], queryFn: ({ signal }) => api.listAccounts({ signal }) })
}

export type Source = Answer<'listSources'>['sources'][number]

/** Asked every two seconds while one of them is at work. */
export function useSources() {
  return useQuery({
    queryKey: ['sources'],
    queryFn: ({ signal }) => api.listSources({ signal }),
    refetchInterval: ({ state }) =>
      isAway(state.error) ? again : state.data?.sources.some(isAtWork) ? soon : usual,
  })
}

/** It syncs, waits for a worker that will, or has history to read. */
export function isAtWork(source: Source): boolean {
  if (source.status !== 'active') return false
  const due = source.nextSyncAt !== null && Date.parse(source.nextSyncAt) <= serverNow()
  return source.running || source.backfill !== null || due
}
