import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { sqlDir } from '../../src/db/database.ts'
import { detectEngine } from '../../src/db/engine.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'

let empty: TestDatabase
let folder: string

beforeAll(async () => {
  empty = await cloneDatabase('template0')
  folder = await mkdtemp(join(tmpdir(), 'tidemark-sql-'))
  await cp(sqlDir, folder, { recursive: true })
})
afterAll(() => rm(folder, { recursive: true }))

test('two processes that start at once apply each file once', async () => {
  const processes = [1, 2, 3].map(() => connect(empty.url, { max: 2 }))
  const engines = await Promise.all(processes.map(detectEngine))
  expect(new Set(engines)).toEqual(new Set([empty.engine]))
  const applied = await Promise.all(processes.map((sql) => migrate(sql, folder, empty.engine)))
  await Promise.all(processes.map((sql) => sql.end()))

  const names = (await readMigrations(folder, empty.engine)).map(({ name }) => name)
  expect(applied.flat().sort()).toEqual([...names].sort())
  const recorded = await empty.sql`SELECT name, hash FROM schema_migration ORDER BY applied_at, name`
  expect(recorded.map(({ name }) => name).sort()).toEqual([...names].sort())
  expect(recorded.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash))).toBe(true)
})

test('applied again, nothing is to do', async () => {
  expect(await migrate(empty.sql, folder, empty.engine)).toEqual([])
})

test('a new file that fails leaves nothing of itself, and stops the start', async () => {
  const path = join(folder, 'migrations', '9999_half.sql')
  await writeFile(path, 'CREATE TABLE half_done (id int);\nSELECT 1 / 0;\n')
  await expect(migrate(empty.sql, folder, empty.engine)).rejects.toThrow(
    'migrations/9999_half.sql failed: division by zero',
  )
  expect(await empty.sql`SELECT to_regclass('half_done') AS found`).toMatchObject([{ found: null }])
  await writeFile(path, 'CREATE TABLE half_done (id int);\n')
  expect(await migrate(empty.sql, folder, empty.engine)).toEqual(['migrations/9999_half.sql'])
})

test('a file that changed after it had been applied stops the start', async () => {
  const path = join(folder, 'migrations', '0000_plain_tables.sql')
  const body = await readFile(path, 'utf8')
  await writeFile(path, `${body}\n-- changed\n`)
  await expect(migrate(empty.sql, folder, empty.engine)).rejects.toThrow(
    'migrations/0000_plain_tables.sql was changed after it had been applied',
  )
  await writeFile(path, body)
})

test('functions are replaced where one changed, by one process of several, all or none', async () => {
  const path = join(folder, 'functions', '0001_calendar.sql')
  const body = await readFile(path, 'utf8')
  const added = join(folder, 'functions', '0000_answer.sql')
  await writeFile(
    path,
    body.replace('- extract(day FROM p_day)::int + 1', '- extract(day FROM p_day)::int + 2'),
  )
  await writeFile(
    added,
    'CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS $$ SELECT 1 / 0 $$; SELECT answer();',
  )
  await expect(migrate(empty.sql, folder, empty.engine)).rejects.toThrow('functions failed: division by zero')
  const monthStart = () => empty.sql`SELECT month_start('2024-02-10'::date) AS day`
  expect(await monthStart()).toMatchObject([{ day: '2024-02-01' }])

  await writeFile(added, 'CREATE OR REPLACE FUNCTION answer() RETURNS int LANGUAGE sql AS $$ SELECT 42 $$;')
  const processes = [1, 2, 3].map(() => connect(empty.url, { max: 2 }))
  const applied = await Promise.all(processes.map((sql) => migrate(sql, folder, empty.engine)))
  await Promise.all(processes.map((sql) => sql.end()))
  expect(applied.flat()).toEqual(['functions/0000_answer.sql', 'functions/0001_calendar.sql'])
  expect(await monthStart()).toMatchObject([{ day: '2024-02-02' }])

  await writeFile(path, body)
  await rm(added)
  expect(await migrate(empty.sql, folder, empty.engine)).toEqual(['functions/0001_calendar.sql'])
  expect(await monthStart()).toMatchObject([{ day: '2024-02-01' }])
  expect(await migrate(empty.sql, folder, empty.engine)).toEqual([])
})

test('a database of a newer version stops the start', async () => {
  await rm(join(folder, 'migrations', '9999_half.sql'))
  await expect(migrate(empty.sql, folder, empty.engine)).rejects.toThrow('use a newer version')
})

test('the other engine stops the start', async () => {
  const other = empty.engine === 'plain' ? 'timescale' : 'plain'
  await expect(migrate(empty.sql, folder, other)).rejects.toThrow(`set up for the ${empty.engine} engine`)
})
