import {
  type InfiniteData,
  keepPreviousData,
  type UseInfiniteQueryResult,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/preact-query'
import { useEffect } from 'preact/hooks'
import { type Answer, type Api, api } from '../api.ts'
import { queryClient } from '../queries.ts'
import type { Filters } from './filters.ts'

export type TransactionPage = Answer<'listTransactions'>
export type Transaction = TransactionPage['transactions'][number]
/** What the address says is the API's to check. */
type Query = NonNullable<NonNullable<Parameters<Api['listTransactions']>[0]>['query']>

const key = ['transactions', 'pages']
const firstPage = 50
const largestPage = 500

/**
 * Pages of the list, newest first. Each is twice as long as the one before, for all of them are read again whenever the
 * list is: 5,000 rows are 13 requests. A list of several is not asked for again as time goes by: its first page is, and
 * the others behind it where that has changed.
 */
export function useTransactionPages(filters: Filters) {
  const queryKey = [...key, filters]
  const isLong = (queryClient.getQueryData<InfiniteData<TransactionPage>>(queryKey)?.pages.length ?? 0) > 1
  const pages = useInfiniteQuery({
    queryKey,
    ...(isLong && { refetchInterval: false, refetchOnWindowFocus: false, refetchOnReconnect: false }),
    queryFn: ({ pageParam, signal }) =>
      api.listTransactions({ query: { ...filters, ...pageParam } as Query, signal }),
    initialPageParam: { limit: firstPage } as { limit: number; cursor?: string },
    getNextPageParam: ({ nextCursor }, pages) =>
      nextCursor === null
        ? undefined
        : { limit: Math.min(firstPage * 2 ** pages.length, largestPage), cursor: nextCursor },
    placeholderData: keepPreviousData,
  })
  useNewestPage(filters, isLong, pages)
  return pages
}

/** Looks at the first page of a long list, and has the whole of it read again where it has changed, or failed. */
function useNewestPage(
  filters: Filters,
  enabled: boolean,
  pages: Pick<UseInfiniteQueryResult<InfiniteData<TransactionPage>>, 'data' | 'isRefetchError' | 'refetch'>,
): void {
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ['transactions', 'newest', filters],
    queryFn: ({ signal }) =>
      api.listTransactions({ query: { ...filters, limit: firstPage } as Query, signal }),
    enabled,
  })
  useEffect(() => {
    if (!enabled || !data) return
    const text = (page: TransactionPage | undefined) => JSON.stringify(page?.transactions)
    const isChanged = text(data) !== text(pages.data?.pages[0])
    if (isChanged || pages.isRefetchError) void pages.refetch({ cancelRefetch: false })
  }, [dataUpdatedAt])
}

/** Each once: one whose day changed between two pages is in both, and the later page was read later. */
export function rowsOf(pages: TransactionPage[]): Transaction[] {
  const rows = pages.flatMap(({ transactions }) => transactions)
  const last = new Map(rows.map(({ id }, index) => [id, index]))
  return rows.filter(({ id }, index) => last.get(id) === index)
}

/** Shows what a write answered before the lists are read again. */
export function showChanged(changed: Transaction): void {
  queryClient.setQueriesData<InfiniteData<TransactionPage>>(
    { queryKey: key },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({
          ...page,
          transactions: page.transactions.map((each) => (each.id === changed.id ? changed : each)),
        })),
      },
  )
}
