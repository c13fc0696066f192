import { keepPreviousData, useQuery } from '@tanstack/preact-query'
import { dayInZone } from '../../calendar.ts'
import { api } from '../api.ts'
import { queryClient, useMe } from '../queries.ts'

/** Today where the user lives; undefined while that is not known. */
export function useToday(): string | undefined {
  const { data } = useMe()
  return data && dayInZone(new Date(), data.timeZone)
}

/** What each account is worth, and all of them together, today or since `from`. */
export function useWorthByAccount(from?: string) {
  const today = useToday()
  const range = { from: from ?? today!, to: today! }
  return useQuery({
    queryKey: ['worth by account', from, today],
    queryFn: ({ signal }) => api.getNetWorth({ query: { ...range, by: 'account' }, signal }),
    enabled: today !== undefined,
    placeholderData: keepPreviousData,
  })
}

export function useAccount(id: string) {
  return useQuery({
    queryKey: ['account', id],
    queryFn: ({ signal }) => api.getAccount({ params: { id }, signal }),
  })
}

/** What it holds today, by asset. */
export function useHoldings(id: string) {
  return useQuery({
    queryKey: ['account', id, 'holdings'],
    queryFn: ({ signal }) => api.getBalance({ query: { accountId: id }, signal }),
  })
}

/** The newest of its transactions, of a kind where one is named. */
export function useNewestTransactions(id: string, limit: number, kind?: string) {
  return useQuery({
    queryKey: ['account', id, 'transactions', limit, kind],
    queryFn: ({ signal }) =>
      api.listTransactions({ query: { accountId: id, limit, ...(kind !== undefined && { kind }) }, signal }),
  })
}

/** Of an account that is gone nothing is asked any more. */
export function forgetAccount(id: string): void {
  queryClient.removeQueries({ queryKey: ['account', id] })
}
