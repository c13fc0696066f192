import type { ArchivePlace } from '../config.ts'
import type { Context } from '../context.ts'
import type { ArchiveStore } from './store.ts'

export interface StoreParts extends Pick<Context, 'clock' | 'sleep' | 'signal'> {
  fetch: typeof globalThis.fetch
  random: () => number
}

/** Nothing is read or written by opening: a fault of the place is met at its first use. */
export function openArchiveStore(_place: ArchivePlace, _parts: StoreParts): ArchiveStore {
  throw new Error('to come')
}
