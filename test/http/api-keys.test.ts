import { createHash } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createKeyring } from '../../src/keyring.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { pass } from '../setup/log-in.ts'
import { newPerson, now } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp
let userId: string
let token: string

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})
beforeEach(async () => {
  http.time.now = now
  userId = (await newPerson(db)).user.id
  token = await http.tokenFor(userId)
})

const make = (body: object, by = token, headers: Record<string, string> = {}) =>
  http.json('POST', '/v1/api-keys', { token: by, body: { name: 'a program', ...body }, headers })
const list = async (by = token) => (await http.json('GET', '/v1/api-keys', { token: by })).body.apiKeys
const revoke = (id: string, by = token) => http.json('DELETE', `/v1/api-keys/${id}`, { token: by })
const status = async (key: string, method = 'GET', path = '/v1/users/me', body?: object) =>
  (await http.ask(method, path, { token: key, body })).status

describe('an API key', () => {
  test('is shown once, and acts for who made it', async () => {
    const { status: made, body } = await make({ scopes: ['read'] })
    expect({ made, body }).toEqual({
      made: 201,
      body: {
        id: expect.stringMatching(/^\d+$/),
        name: 'a program',
        scopes: ['read'],
        hint: body.key.slice(0, 8),
        createdAt: '2024-06-15T12:00:00.000Z',
        expiresAt: null,
        key: expect.stringMatching(/^tmk_[\w-]{43}$/),
      },
    })
    const { key, ...rest } = body
    expect(await list()).toEqual([rest])
    expect((await http.json('GET', '/v1/users/me', { token: key })).body.id).toBe(userId)
    const [stored] = await db.sql`SELECT hash, api_key::text AS whole FROM api_key WHERE id = ${body.id}`
    expect(Buffer.from(stored!.hash)).toEqual(createHash('sha256').update(key).digest())
    expect(stored!.whole).not.toContain(key.slice(8))
  })

  test('does what its scopes let it, and no more', async () => {
    const keys: Record<string, string> = {}
    for (const scope of ['read', 'write', 'admin']) keys[scope] = (await make({ scopes: [scope] })).body.key
    const change = { baseCurrency: 'EUR' }
    for (const [scope, key] of Object.entries(keys)) {
      expect(await status(key), scope).toBe(200)
      const allowed = scope === 'admin'
      expect(await status(key, 'PATCH', '/v1/users/me', change), scope).toBe(allowed ? 200 : 403)
      expect(await status(key, 'GET', '/v1/api-keys'), scope).toBe(allowed ? 200 : 403)
      const wanted = { name: 'more', scopes: ['read'] }
      expect(await status(key, 'POST', '/v1/api-keys', wanted), scope).toBe(allowed ? 201 : 403)
    }
    const { id } = (await make({ scopes: ['read'] })).body
    expect((await revoke(id, keys.write)).status).toBe(403)
    expect((await revoke(id, keys.admin)).status).toBe(204)
  })

  test('is refused at once when it is revoked, and then is as one that never was', async () => {
    const { id, key } = (await make({ scopes: ['read'] })).body
    const { key: other } = (await make({ scopes: ['read'] })).body
    expect(await status(key)).toBe(200)
    expect(await revoke(id)).toMatchObject({ status: 204, body: undefined })
    expect(await status(key)).toBe(401)
    expect(await status(other)).toBe(200)
    const again = await revoke(id)
    const never = await revoke('999999999')
    const told = ({ status, body: { requestId: _, ...rest } }: typeof again) => ({ status, rest })
    expect(told(again)).toEqual(told(never))
    expect(again.status).toBe(404)
    expect(await list()).toHaveLength(1)
  })

  test('of somebody else is as one that is not there, and stays', async () => {
    const { id, key } = (await make({ scopes: ['read'] })).body
    const stranger = await http.tokenFor((await newPerson(db)).user.id)
    expect(await list(stranger)).toEqual([])
    const [foreign, missing] = [await revoke(id, stranger), await revoke('999999999', stranger)]
    expect(foreign.status).toBe(404)
    expect({ ...foreign.body, requestId: '' }).toEqual({ ...missing.body, requestId: '' })
    expect(await status(key)).toBe(200)
  })

  test('with an end is good until then', async () => {
    const { id, key, expiresAt } = (await make({ scopes: ['read'], expiresAt: '2024-06-15T15:00:00+02:00' }))
      .body
    expect(expiresAt).toBe('2024-06-15T13:00:00.000Z')
    pass(http.time, 3599)
    expect(await status(key)).toBe(200)
    pass(http.time, 1)
    expect(await status(key)).toBe(401)
    const later = await http.tokenFor(userId)
    expect(await list(later)).toEqual([])
    expect((await revoke(id, later)).status).toBe(404)
  })

  test('sent again with an Idempotency-Key is the same one, shown again', async () => {
    const again = { 'idempotency-key': 'once' }
    const [first, second] = [
      await make({ scopes: ['read'] }, token, again),
      await make({ scopes: ['read'] }, token, again),
    ]
    expect(second).toMatchObject({ status: 201, body: first.body })
    expect(await list()).toHaveLength(1)
    expect((await make({ scopes: ['write'] }, token, again)).status).toBe(422)
    const without = [await make({ scopes: ['read'] }), await make({ scopes: ['read'] })]
    expect(new Set(without.map(({ body }) => body.key)).size).toBe(2)
  })

  test('sent again once its answer cannot be read any more is in conflict with what is there', async () => {
    const again = { 'idempotency-key': 'rotated-away' }
    await make({ scopes: ['read'] }, token, again)
    const key = (byte: number) => Buffer.alloc(32, byte).toString('base64')
    const later = await startApp(db, { keyring: createKeyring({ key: key(9), oldKeys: [] }) })
    const own = await later.tokenFor(userId)
    const body = { name: 'a program', scopes: ['read'] }
    const answer = await later.json('POST', '/v1/api-keys', { token: own, body, headers: again })
    expect(answer).toMatchObject({ status: 409, body: { type: 'urn:tidemark:problem:conflict' } })
    const kept = await startApp(db, { keyring: createKeyring({ key: key(9), oldKeys: [key(7)] }) })
    expect((await kept.json('POST', '/v1/api-keys', { token: own, body, headers: again })).status).toBe(201)
    expect(await list()).toHaveLength(1)
  })

  test('is one of a hundred at most, however many are made at once', async () => {
    for (let round = 0; round < 6; round++) {
      const all = await Promise.all(Array.from({ length: 19 }, () => make({ scopes: ['read'] })))
      const made = all.filter(({ status }) => status === 201).length
      expect(made).toBe(round < 5 ? 19 : 5)
      for (const { status } of all) expect([201, 409]).toContain(status)
    }
    const all = await list()
    expect(all).toHaveLength(100)
    const refused = { 'idempotency-key': 'when-there-is-room' }
    expect((await make({ scopes: ['read'] }, token, refused)).status).toBe(409)
    await revoke(all[50].id)
    expect((await make({ scopes: ['read'] }, token, refused)).status).toBe(201)
    const stranger = await http.tokenFor((await newPerson(db)).user.id)
    expect((await make({ scopes: ['read'] }, stranger)).status).toBe(201)
  })
})

test.each<[string, object]>([
  ['no scope', { scopes: [] }],
  ['a scope that is not to be had here', { scopes: ['service'] }],
  ['a scope that there is not', { scopes: ['read', 'root'] }],
  ['a scope twice', { scopes: ['read', 'read'] }],
  ['scopes that are no list', { scopes: 'read' }],
  ['no name', { scopes: ['read'], name: '' }],
  ['a name beyond all bounds', { scopes: ['read'], name: 'x'.repeat(101) }],
  ['a name that cannot be stored', { scopes: ['read'], name: 'a\0b' }],
  ['an end that was', { scopes: ['read'], expiresAt: '2024-06-15T11:59:59Z' }],
  ['an end that is no instant', { scopes: ['read'], expiresAt: '2024-06-16' }],
  ['a key of one’s own', { scopes: ['read'], key: `tmk_${'A'.repeat(43)}` }],
])('a key with %s is not made', async (_, body) => {
  expect((await make(body)).status).toBe(400)
  expect(await list()).toEqual([])
})

test('a key of a service is no user: it has no keys, and makes none', async () => {
  const key = `tmk_${'S'.repeat(43)}`
  const hash = createHash('sha256').update(key).digest()
  await db.sql`
    INSERT INTO api_key (user_id, name, hash, hint, scopes, created_at)
    VALUES (NULL, 'service', ${hash}, 'tmk_SSSS', '{service}', ${now.toISOString()})`
  for (const [method, path] of [
    ['GET', '/v1/api-keys'],
    ['POST', '/v1/api-keys'],
    ['GET', '/v1/users/me'],
    ['DELETE', '/v1/api-keys/1'],
  ] as const)
    expect(
      await status(key, method, path, method === 'POST' ? { name: 'x', scopes: ['read'] } : undefined),
    ).toBe(403)
  expect((await http.ask('DELETE', '/v1/tokens', { token: key })).status).toBe(401)
})

test('a key cannot log out', async () => {
  const { key } = (await make({ scopes: ['admin'] })).body
  expect((await http.ask('DELETE', '/v1/tokens', { token: key })).status).toBe(401)
  expect(await status(token)).toBe(200)
})
