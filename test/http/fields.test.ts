import { beforeAll, expect, test } from 'vitest'
import { timeZone } from '../../src/http/fields.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { newPerson } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp
let userId: string
let token: string

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
  const { user } = await newPerson(db)
  userId = user.id
  token = await http.tokenFor(userId)
})

test.each([
  ['Europe/Berlin', 'Europe/Berlin'],
  ['europe/berlin', 'Europe/Berlin'],
  ['AMERICA/NEW_YORK', 'America/New_York'],
  ['utc', 'UTC'],
  // Names that stand for others are kept where they are spelt as names are.
  ['Asia/Kolkata', 'Asia/Kolkata'],
  ['us/pacific', 'America/Los_Angeles'],
])('the time zone %s is kept as %s', async (given, kept) => {
  expect(timeZone.parse(given)).toBe(kept)
  // PostgreSQL, which tells the days of what arrives, knows it, too.
  const [found] = await db.sql`SELECT now() AT TIME ZONE ${kept} IS NOT NULL AS known`
  expect(found!.known).toBe(true)
})

test('a time zone is answered as it is kept', async () => {
  const changed = await http.json('PATCH', '/v1/users/me', { token, body: { timeZone: 'asia/tokyo' } })
  expect(changed.body.timeZone).toBe('Asia/Tokyo')
})

test('the name of a source is one line, without blanks at its ends', async () => {
  const at = http.time.now.toISOString()
  await db.sql`INSERT INTO source_type (id, title) VALUES ('simplefin', 'SimpleFIN') ON CONFLICT DO NOTHING`
  const [source] = await db.sql`
    INSERT INTO user_source (user_id, source_type_id, name, next_sync_at)
    VALUES (${userId}, 'simplefin', 'bank', ${at}) RETURNING id`
  const path = `/v1/sources/${source!.id}`
  const renamed = await http.json('PATCH', path, { token, body: { name: '  My\n\tbank  ' } })
  expect(renamed.body.name).toBe('My bank')
  const empty = await http.json('PATCH', path, { token, body: { name: ' \n ' } })
  expect(empty.body.errors).toEqual([{ field: 'name', message: 'must not be empty' }])
})
