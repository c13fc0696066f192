import { keepPreviousData, useQuery } from '@tanstack/preact-query'
import { dayInZone } from '../../calendar.ts'
import { api } from '../api.ts'
import { preferences } from '../preferences.ts'
import { useMe } from '../queries.ts'
import { grainOf, readRange } from './ranges.ts'
import { largestGroups } from './series.ts'

/** The series that was chosen, and its parts; the one before it until its answer is there. */
export function useSeries() {
  const me = useMe()
  const { range, interval, by } = preferences.value
  const today = me.data && dayInZone(new Date(), me.data.timeZone)
  const { from, to } = readRange(range, today ?? '2000-01-01')
  return useQuery({
    queryKey: ['net-worth', from, to, range, interval, by, me.data?.baseCurrency],
    enabled: me.data !== undefined,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const series = await api.getNetWorth({
        query: {
          interval: interval === 'auto' ? grainOf(range) : interval,
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(by !== 'none' && { by }),
        },
        signal,
      })
      return { by, series, groups: largestGroups(series, by) }
    },
  })
}
