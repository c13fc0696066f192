import { beforeAll, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp } from '../setup/http.ts'
import { newPerson } from '../setup/people.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

test('each key has a bound of its own, all log-ins of a user share one, and what is left is told', async () => {
  const http = await startApp(db, { requestsPerMinute: 3 })
  const { user } = await newPerson(db)
  const [first, second] = [await http.tokenFor(user.id), await http.tokenFor(user.id)]
  const key = await http.json('POST', '/v1/api-keys', {
    token: first,
    body: { name: 'script', scopes: ['read'] },
  })
  expect(key.headers.get('ratelimit-policy')).toBe('"caller";q=3;w=60')
  expect(key.headers.get('ratelimit')).toMatch(/^"caller";r=2;t=\d+$/)
  const ask = (token: string) => http.json('GET', '/v1/users/me', { token })
  expect((await ask(second)).headers.get('ratelimit')).toMatch(/^"caller";r=1;/)
  expect((await ask(first)).status).toBe(200)
  const refused = await ask(second)
  expect(refused.status).toBe(429)
  expect(refused.body.type).toBe('urn:tidemark:problem:too-many-requests')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await ask(key.body.key)).status).toBe(200)
})

test('bad tokens are counted under the address they come from; health is not counted', async () => {
  const http = await startApp(db, { requestsPerMinute: 3 })
  const ask = (token: string) => http.json('GET', '/v1/users/me', { token })
  for (let n = 0; n < 3; n++) expect((await ask(`tmk_${n}`)).status).toBe(401)
  expect((await ask('tmk_3')).status).toBe(429)
  for (let n = 0; n < 5; n++) expect((await http.json('GET', '/readyz')).status).toBe(200)
})
