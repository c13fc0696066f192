import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Archive } from '../../src/archive/archive.ts'
import { bringBack } from '../../src/archive/bring-back.ts'
import { createFolderStore } from '../../src/archive/folder-store.ts'
import { attachArchive } from '../../src/db/archived-places.ts'
import type { TestDatabase } from './database.ts'
import { now } from './people.ts'

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** An archive in a folder of its own, from which writes to the database bring back what they need. */
export async function startArchive(
  db: TestDatabase,
): Promise<Archive & { folder: string; time: { now: Date } }> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-archive-'))
  folders.push(folder)
  const time = { now }
  const clock = () => time.now
  const archive = {
    store: createFolderStore(folder, clock),
    db,
    clock,
    signal: new AbortController().signal,
    folder,
    time,
  }
  attachArchive(db.sql, async (places) => {
    await bringBack(archive, places)
  })
  return archive
}
