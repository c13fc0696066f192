import { keepPreviousData, useQuery } from '@tanstack/preact-query'
import { useEffect, useState } from 'preact/hooks'
import { addDays, dayInZone } from '../../calendar.ts'
import { api } from '../api.ts'
import { queryClient, useMe } from '../queries.ts'

/** Milliseconds between two looks at the calendar. */
const tick = 10_000

/** Today where the user lives, past midnight as well; undefined while that is not known. */
export function useToday(): string | undefined {
  const { data } = useMe()
  const timeZone = data?.timeZone
  const read = () => (timeZone === undefined ? undefined : dayInZone(new Date(), timeZone))
  const [, keep] = useState(read)
  useEffect(() => {
    const timer = setInterval(() => keep(read()), tick)
    return () => clearInterval(timer)
  }, [timeZone])
  return read()
}

/**
 * What each account is worth, and all of them together, since `from` or the day before today. Where it ends, the last
 * point says: on the day that it is for the server, and not at the one that this page began with.
 */
export function useWorthByAccount(from?: string) {
  const today = useToday()
  // A day early, for a clock of this device that is ahead of the server's.
  const since = from ?? (today && addDays(today, -1))
  return useQuery({
    queryKey: ['worth by account', since],
    queryFn: ({ signal }) => api.getNetWorth({ query: { from: since!, by: 'account' }, signal }),
    enabled: since !== undefined,
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
