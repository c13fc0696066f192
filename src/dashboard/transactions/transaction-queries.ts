import { type InfiniteData, keepPreviousData, useInfiniteQuery } from '@tanstack/preact-query'
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
 * list is: 5,000 rows are 13 requests.
 */
export function useTransactionPages(filters: Filters) {
  return useInfiniteQuery({
    queryKey: [...key, filters],
    queryFn: ({ pageParam, signal }) =>
      api.listTransactions({ query: { ...filters, ...pageParam } as Query, signal }),
    initialPageParam: { limit: firstPage } as { limit: number; cursor?: string },
    getNextPageParam: ({ nextCursor }, pages) =>
      nextCursor === null
        ? undefined
        : { limit: Math.min(firstPage * 2 ** pages.length, largestPage), cursor: nextCursor },
    placeholderData: keepPreviousData,
  })
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
