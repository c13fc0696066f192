import type { ArchivePlace } from '../archive-place.ts'
import type { Context } from '../context.ts'
import { createFolderStore } from './folder-store.ts'
import { createS3Store } from './s3-store.ts'
import type { ArchiveStore } from './store.ts'

export interface StoreParts extends Pick<Context, 'clock' | 'sleep' | 'signal'> {
  fetch: typeof globalThis.fetch
  random: () => number
}

/** Nothing is read or written by opening: a fault of the place is met at its first use. */
export function openArchiveStore(place: ArchivePlace, parts: StoreParts): ArchiveStore {
  return place.kind === 'folder' ? createFolderStore(place.folder, parts.clock) : createS3Store(place, parts)
}
