import { inject } from 'vitest'
import { rounds, seed } from './options.ts'

/** One line a scenario: what was done, by which seed. */
export function tell(scenario: string, counts: Record<string, unknown>): void {
  const listed = Object.entries({ seed, rounds, ...counts }).map(
    ([name, value]) => `${name}=${textOf(value)}`,
  )
  console.log(`faults ${scenario} (${inject('engine')}): ${listed.join(' ')}`)
}

function textOf(value: unknown): string {
  if (value instanceof Map) value = Object.fromEntries([...value].toSorted())
  if (typeof value !== 'object' || value === null) return String(value)
  return `{${Object.entries(value)
    .map(([name, count]) => `${name}:${count}`)
    .join(',')}}`
}

/** Counts by name. */
export function createCounts() {
  const counts = new Map<string, number>()
  return Object.assign(counts, {
    add: (name: string, count = 1) => void counts.set(name, (counts.get(name) ?? 0) + count),
  })
}
export type Counts = ReturnType<typeof createCounts>
