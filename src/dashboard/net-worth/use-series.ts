import { keepPreviousData, useQuery } from '@tanstack/preact-query'
import { useRef } from 'preact/hooks'
import { dayInZone } from '../../calendar.ts'
import { api } from '../api.ts'
import { type Preferences, preferences } from '../preferences.ts'
import { isProblem } from '../problem-text.ts'
import { useMe } from '../queries.ts'
import { type Grain, grainsOf, readRange } from './ranges.ts'
import { type Group, largestGroups, type Series } from './series.ts'

interface ChosenSeries {
  by: Preferences['by']
  series: Series
  /** Its parts, as they are drawn. */
  groups: Group[]
}

/** The series that was chosen, and its parts; the one before it until its answer is there. */
export function useSeries() {
  const me = useMe()
  const { range, interval, by } = preferences.value
  const today = me.data && dayInZone(new Date(), me.data.timeZone)
  const { from, to } = readRange(range, today ?? '2000-01-01')
  const last = useRef<ChosenSeries>()
  const query = useQuery({
    queryKey: ['net-worth', from, to, range, interval, by, me.data?.baseCurrency],
    enabled: me.data !== undefined,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<ChosenSeries> => {
      const grains = interval === 'auto' ? grainsOf(range) : [interval]
      const query = {
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(by !== 'none' && { by }),
      }
      const series = await askCoarser(grains, (interval) =>
        api.getNetWorth({ query: { ...query, interval }, signal }),
      )
      return { by, series, groups: largestGroups(series, by) }
    },
  })
  // Also where the answer to another question failed.
  const isOld = query.isPlaceholderData || query.data === undefined
  last.current = query.data ?? last.current
  return {
    data: last.current,
    /** What is there answers another question. */
    isOld,
    isFetching: query.isFetching,
    error: query.error ?? me.error,
    refetch: me.data ? query.refetch : me.refetch,
    /** The user's day; undefined before it is known whose. */
    today,
  }
}

/** Of very many parts there are too many points by the finest grain: then by the next one. */
async function askCoarser(
  [grain, ...coarser]: Grain[],
  ask: (grain: Grain) => Promise<Series>,
): Promise<Series> {
  try {
    return await ask(grain!)
  } catch (error) {
    if (coarser.length === 0 || !isProblem(error, 'refused')) throw error
    return askCoarser(coarser, ask)
  }
}
