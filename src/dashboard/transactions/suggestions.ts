import { useMemo } from 'preact/hooks'
import type { Transaction } from './transaction-queries.ts'

/** What the transactions on the page say, to choose from where the same may be meant again. */
export interface Suggestions {
  categories: string[]
  tags: string[]
  kinds: string[]
  assets: string[]
}

export function useSuggestions(rows: Transaction[]): Suggestions {
  return useMemo(
    () => ({
      categories: distinct(rows.map(({ category }) => category)),
      tags: distinct(rows.flatMap(({ tags }) => tags)),
      kinds: distinct(rows.map(({ kind }) => kind)),
      assets: distinct(rows.map(({ asset }) => asset)),
    }),
    [rows],
  )
}

function distinct(values: (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))].sort((a, b) => a.localeCompare(b))
}
