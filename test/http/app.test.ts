import { beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp } from '../setup/http.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

test('lives and is ready while the database answers', async () => {
  const { app } = await startApp(db)
  expect((await app.request('/healthz')).status).toBe(200)
  expect(await (await app.request('/readyz')).json()).toMatchObject({ status: 'ready' })
})

test('lives but is not ready without the database', async () => {
  const gone = connect(db.url, { max: 1 })
  await gone.end()
  const { app } = await startApp({ ...db, sql: gone })
  expect((await app.request('/healthz')).status).toBe(200)
  expect((await app.request('/readyz')).status).toBe(503)
})
