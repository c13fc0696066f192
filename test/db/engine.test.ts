import { randomUUID } from 'node:crypto'
import { afterAll, expect, inject, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { prepareDatabase } from '../../src/db/database.ts'
import { detectEngine } from '../../src/db/engine.ts'
import { cloneDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, row, storedRows } from '../setup/people.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

test('the server under test is told for what it is', async () => {
  const db = await cloneDatabase()
  expect(await detectEngine(db.sql)).toBe(inject('engine'))
})

test('a role without privileges of its own sets up its database and writes to it', async () => {
  const name = `ordinary_${randomUUID().slice(0, 8)}`
  const administration = connect(inject('serverUrl'), { max: 1 })
  await administration.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD 'ordinary'`)
  await administration.unsafe(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0`)
  const url = new URL(inject('serverUrl'))
  Object.assign(url, { username: name, password: 'ordinary', pathname: `/${name}` })
  const sql = connect(url.href)
  cleanups.push(async () => {
    await sql.end()
    await administration.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
    await administration.unsafe(`DROP ROLE ${name}`)
    await administration.end()
  })
  const db = await prepareDatabase(sql, { url: url.href, rawRetentionDays: undefined, now })
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [row('1', '2024-01-05', '1')])
  await ingest(db, sourceId, [row('1', '2024-02-05', '2')])
  expect(await storedRows(db, user.id)).toMatchObject([{ day: '2024-02-05', amount: '2' }])
})

test('a database of the plain engine stays so where the extension is to be had', async ({ skip }) => {
  if (inject('engine') !== 'timescale') skip('the extension is not to be had')
  const db = await cloneDatabase('template0')
  // What sql/plain leaves: tables where the other engine has views.
  await db.sql`CREATE TABLE monthly_flow (user_id bigint)`
  expect(await detectEngine(db.sql)).toBe('plain')
  expect(await db.sql`SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'`).toHaveLength(0)
})
