import { useInfiniteQuery, useQuery } from '@tanstack/preact-query'
import { type Answer, api } from '../api.ts'
import { isAtWork, queryClient, type Source } from '../queries.ts'

export type SourceType = Answer<'listSourceTypes'>['sourceTypes'][number]
export type SourceRun = Answer<'listSourceRuns'>['runs'][number]
export type DeadLetter = Answer<'listDeadLetters'>['deadLetters'][number]

const soon = 2_000
const usual = 60_000

/** As they were when the server started. */
export function useSourceTypes() {
  return useQuery({
    queryKey: ['source-types'],
    queryFn: ({ signal }) => api.listSourceTypes({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  })
}

/** Newest first, page by page. */
export function useRuns(source: Source) {
  return useInfiniteQuery({
    queryKey: ['runs', source.id],
    queryFn: ({ signal, pageParam }) =>
      api.listSourceRuns({
        params: { id: source.id },
        query: { limit: 20, ...(pageParam !== undefined && { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: isAtWork(source) ? soon : usual,
  })
}

/** Those that are open or queued. */
export function useDeadLetters(sourceId: string) {
  return useInfiniteQuery({
    queryKey: ['dead-letters', sourceId],
    queryFn: ({ signal, pageParam }) =>
      api.listDeadLetters({
        query: { sourceId, limit: 20, ...(pageParam !== undefined && { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ deadLetters }) => deadLetters.some(({ status }) => status === 'queued'))
        ? soon
        : usual,
  })
}

/** A source as an answer gave it, on every page at once. */
export function keepSource(source: Source): void {
  queryClient.setQueryData<Answer<'listSources'>>(['sources'], (known) => {
    if (known === undefined) return known
    const isKnown = known.sources.some(({ id }) => id === source.id)
    const sources = isKnown
      ? known.sources.map((each) => (each.id === source.id ? source : each))
      : [...known.sources, source]
    return { ...known, sources }
  })
}

/** Of one that was removed nothing is asked any more. */
export function forgetSource(id: string): void {
  queryClient.setQueryData<Answer<'listSources'>>(['sources'], (known) =>
    known ? { ...known, sources: known.sources.filter((each) => each.id !== id) } : known,
  )
  for (const key of ['runs', 'dead-letters']) queryClient.removeQueries({ queryKey: [key, id] })
}
