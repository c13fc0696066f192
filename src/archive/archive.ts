import type { Context } from '../context.ts'
import type { Database } from '../db/database.ts'
import type { ArchiveStore } from './store.ts'

/** What the archive works with: where files lie, and the database that knows them. */
export interface Archive extends Pick<Context, 'clock' | 'signal'> {
  store: ArchiveStore
  db: Pick<Database, 'sql' | 'engine'>
}
