import { randomUUID } from 'node:crypto'
import { drizzle } from 'drizzle-orm/postgres-js'
import { afterAll, inject } from 'vitest'
import { connect } from '../../src/db/client.ts'
import type { Database } from '../../src/db/database.ts'
import type { Engine } from '../../src/db/engine.ts'

export type TestDatabase = Database

// Registered for the importing file: a hook that is registered inside of another one never runs.
const closes: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closes) await close()
})

/** A migrated database of the calling file's own, on the engine under test. It goes with the server. */
export async function cloneDatabase(template = 'tidemark_template'): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const serverUrl = inject('serverUrl')
  const administration = connect(serverUrl, { max: 1 })
  await administration.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const sql = connect(url.href)
  await administration.end()
  closes.push(() => sql.end({ timeout: 5 }))
  return { sql, orm: drizzle(sql), engine: inject('engine') as Engine, migrated: [], url: url.href }
}
