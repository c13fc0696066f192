import { useInfiniteQuery, useQuery } from '@tanstack/preact-query'
import { type Answer, api } from '../api.ts'

/** Milliseconds between two looks; what lies further back is looked at again seldom. */
const often = 5_000
const seldom = 60_000

export type Operations = Answer<'getOperations'>
export type Provider = Operations['providers'][number]
export type Policy = Operations['policies'][number]
export type Upkeep = Operations['upkeep'][number]
export type Run = Answer<'listRuns'>['runs'][number]
export type DeadLetter = Answer<'listDeadLetters'>['deadLetters'][number]

export interface RunFilter {
  outcome: 'any' | 'done' | 'failed' | 'yielded' | 'running'
  /** Empty: of all providers. */
  connector: string
}

export function useOperations() {
  return useQuery({
    queryKey: ['operations'],
    queryFn: ({ signal }) => api.getOperations({ signal }),
    refetchInterval: often,
  })
}

export function useRuns({ outcome, connector }: RunFilter) {
  return useInfiniteQuery({
    queryKey: ['operations', 'runs', outcome, connector],
    queryFn: ({ pageParam, signal }) =>
      api.listRuns({
        query: {
          limit: 25,
          ...(outcome !== 'any' && { outcome }),
          ...(connector !== '' && { connector }),
          ...(pageParam !== undefined && { cursor: pageParam }),
        },
        signal,
      }),
    ...pages,
  })
}

export function useDeadLetters(status: DeadLetter['status']) {
  return useInfiniteQuery({
    queryKey: ['operations', 'dead-letters', status],
    queryFn: ({ pageParam, signal }) =>
      api.listDeadLetters({
        query: { limit: 25, status, ...(pageParam !== undefined && { cursor: pageParam }) },
        signal,
      }),
    ...pages,
  })
}

const pages = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ nextCursor }: { nextCursor: string | null }) => nextCursor ?? undefined,
  refetchInterval: ({ state }: { state: { data: { pages: unknown[] } | undefined } }) =>
    (state.data?.pages.length ?? 1) > 1 ? seldom : often,
}

/** How a connector is called; statement files and what is kept by hand have none. */
export function useTitles(): (connector: string) => string {
  const { data } = useOperations()
  const known = new Map(data?.providers.map(({ connector, title }) => [connector, title]))
  return (connector) => known.get(connector) ?? ownTitles[connector] ?? connector
}

const ownTitles: Record<string, string> = { file: 'Statement files', manual: 'By hand' }

/** Days for which runs and closed dead letters are kept. */
export function useKeptDays(): number {
  const { data } = useOperations()
  const kept = data?.upkeep
    .find(({ name }) => name === 'runs')
    ?.settings.find(({ name }) => name === 'keepDays')
  return Number(kept?.value ?? 90)
}
