import { useCallback, useMemo } from 'preact/hooks'
// Not the router's own `useSearch`, which decodes a percent sign once too often.
import { navigate, useSearch } from 'wouter-preact/use-browser-location'

/** What the list can be narrowed by: the names are those of the API, and of the address bar. */
export const filterNames = [
  'q',
  'accountId',
  'from',
  'to',
  'status',
  'category',
  'tag',
  'kind',
  'asset',
  'min',
  'max',
] as const
export type FilterName = (typeof filterNames)[number]
/** As the address says, unchecked: what the API refuses is told beside its field. None is empty. */
export type Filters = Partial<Record<FilterName, string>>

export interface ChangeOptions {
  /** While somebody types: one step of the history, not one a letter. */
  replace?: boolean
}
export type ChangeFilters = (change: Filters, options?: ChangeOptions) => void

/** The filters are in the address bar alone, so that a reload, a link and the way back keep them. */
export function useFilters(): { filters: Filters; change: ChangeFilters; clear: () => void } {
  const search = useSearch()
  const filters = useMemo(() => readFilters(search), [search])
  const change = useCallback<ChangeFilters>((change, { replace = false } = {}) => {
    const next = writeFilters({ ...readFilters(location.search), ...change })
    if (next !== writeFilters(readFilters(location.search))) navigate(`/transactions${next}`, { replace })
  }, [])
  const clear = useCallback(() => navigate('/transactions'), [])
  return { filters, change, clear }
}

function readFilters(search: string): Filters {
  const said = new URLSearchParams(search)
  return Object.fromEntries(
    filterNames.flatMap((name) => {
      const value = said.get(name)
      return value ? [[name, value]] : []
    }),
  )
}

function writeFilters(filters: Filters): string {
  const given = filterNames.flatMap((name) => (filters[name] ? [[name, filters[name]]] : []))
  return given.length === 0 ? '' : `?${new URLSearchParams(given as [string, string][])}`
}
