import { faultsOf, isProblem, textOf } from '../problem-text.ts'
import type { Filters } from './filters.ts'

/** What is wrong with which filter, where the list was refused for one. */
export function filterFaults(error: unknown, filters: Filters): Map<string, string> {
  const faults = faultsOf(error)
  if (isProblem(error, 'not-found') && filters.accountId) faults.set('accountId', textOf(error))
  // The two days are each right, and told of together.
  if (isProblem(error, 'refused') && filters.from && filters.to && filters.from > filters.to)
    faults.set('to', textOf(error))
  return faults
}
