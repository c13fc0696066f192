import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import type { PlaidEmulator } from '../../src/connectors/plaid/emulator.ts'
import { fixture as plaid } from '../../src/connectors/plaid/fixture.ts'
import { fixture as vendor } from '../../src/connectors/vendor/fixture.ts'
import { readCredentials } from '../../src/db/credentials.ts'
import { RefusedError } from '../../src/errors.ts'
import { apiKey } from '../setup/api-key.ts'
import { canary, expectNoCanary } from '../setup/canary.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { newPerson, now } from '../setup/people.ts'
import { partsFor, type ServedProvider, serveProvider, syncDue } from '../setup/providers.ts'
import { createVirtualClock, type VirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
let http: TestApp
let clock: VirtualClock
let bank: ServedProvider<PlaidEmulator>
let platform: ServedProvider<ReturnType<typeof vendor.start>>
let owners = 0

beforeAll(async () => {
  db = await cloneDatabase()
  clock = createVirtualClock(now)
  bank = await serveProvider(plaid, { clock: clock.now, limits: false })
  platform = await serveProvider(vendor, { clock: clock.now, limits: false })
  http = await startApp(db, { clock: clock.now, ...partsFor([bank, platform]) })
})
beforeEach(() => bank.provider.faults.clear())

/** Somebody, and how they ask; `credentials` are of a connection of theirs alone. */
async function person() {
  const { user } = await newPerson(db)
  const owner = ++owners
  const ask = async (method: string, path: string, body?: object, headers?: Record<string, string>) =>
    http.json(method, path, { token: await http.tokenFor(user.id), body, headers: headers ?? {} })
  const credentials = () => ({ publicToken: bank.provider.createPublicToken(owner) })
  const connect = async (more: object = {}) => {
    const { status, body } = await ask('POST', '/v1/sources', {
      type: 'plaid',
      credentials: credentials(),
      ...more,
    })
    expect(status).toBe(201)
    return body
  }
  return { userId: user.id, owner, ask, credentials, connect }
}

const problem = (type: string) => `urn:tidemark:problem:${type}`

test('connect: the credentials are tried, exchanged, sealed, and never shown; the first sync follows', async () => {
  const { userId, owner, ask, connect } = await person()
  const source = await connect()
  expect(source).toEqual({
    id: expect.stringMatching(/^\d+$/),
    type: 'plaid',
    name: expect.any(String),
    status: 'active',
    statusMessage: null,
    lastSyncTime: null,
    nextSyncAt: now.toISOString(),
    running: false,
    backfill: null,
    createdAt: now.toISOString(),
    deadLetters: 0,
    accounts: 0,
  })
  expect(await readCredentials(db.sql, http.parts.keyring, source.id)).toEqual({
    accessToken: `access-sandbox-${owner}`,
  })
  expect((await ask('GET', `/v1/sources/${source.id}`)).body).toEqual(source)
  // That of people.ts, through which the others' rows come.
  const [files, listed] = (await ask('GET', '/v1/sources')).body.sources
  expect(files).toMatchObject({ type: 'file', status: 'active', nextSyncAt: null })
  expect(listed).toEqual(source)

  await syncDue(db, clock, [bank])
  const synced = (await ask('GET', `/v1/sources/${source.id}`)).body
  expect(synced).toMatchObject({ status: 'active', lastSyncTime: now.toISOString(), accounts: 5 })
  expect(Date.parse(synced.nextSyncAt)).toBeGreaterThan(now.getTime())
  const { runs, nextCursor } = (await ask('GET', `/v1/sources/${source.id}/runs`)).body
  expect(runs).toMatchObject([{ outcome: 'done', startedAt: now.toISOString(), removed: 0, message: null }])
  expect(runs[0].added).toBeGreaterThan(40)
  expect(nextCursor).toBeNull()
  const { rows } = (await db.sql`SELECT count(*)::int AS rows FROM transaction WHERE user_id = ${userId}`)[0]!
  expect(rows).toBeGreaterThan(40)
})

test('what the provider does not take is refused, what it cannot be asked is told so, and nothing is stored', async () => {
  const { ask, credentials } = await person()
  const connect = (given: object) => ask('POST', '/v1/sources', { type: 'plaid', credentials: given })
  const stored = async () => (await ask('GET', '/v1/sources')).body.sources.length
  const used = credentials()
  expect((await connect(used)).status).toBe(201)
  const again = await connect(used)
  expect(again).toMatchObject({ status: 422, body: { type: problem('unprocessable') } })
  expect(again.body.detail).toContain('the provider does not take it')

  bank.provider.faults.plan({ kind: 'reset', when: 'before' })
  const unreachable = await connect(credentials())
  expect(unreachable).toMatchObject({ status: 503, body: { type: problem('provider-unavailable') } })
  expect(unreachable.headers.get('retry-after')).toMatch(/^\d+$/)
  bank.provider.faults.plan({ kind: 'status', status: 429, headers: { 'retry-after': '90' } })
  const limited = await connect(credentials())
  expect(limited).toMatchObject({ status: 503, body: { type: problem('provider-unavailable') } })
  expect(limited.headers.get('retry-after')).toBe('90')
  // The refusal holds for the next one, too, who is not kept waiting for it.
  const arrived = bank.provider.traffic.requests().length
  expect((await connect(credentials())).headers.get('retry-after')).toBe('90')
  expect(bank.provider.traffic.requests()).toHaveLength(arrived)
  await db.sql`DELETE FROM provider_pause`
  expect(await stored()).toBe(2)
})

test('who would have to wait long for the provider’s budget is told when to come again', async () => {
  const key = await apiKey(db, null, 'service')
  const { credentials, config } = platform.connection
  const body = { type: 'vendor', name: 'in vain', credentials, config }
  await db.sql`
    INSERT INTO provider_quota (scope, slot, used_at, granted_at, lane)
    SELECT 'vendor per 60000 ms', n, ${now.toISOString()}::timestamptz - INTERVAL '30 seconds', ${now.toISOString()}, 0
    FROM generate_series(1, 5) AS n`
  const answer = await http.json('POST', '/v1/sources', { token: key, body })
  expect(answer).toMatchObject({ status: 503, body: { type: problem('provider-unavailable') } })
  expect(answer.headers.get('retry-after')).toBe('30')
  await db.sql`DELETE FROM provider_quota`
})

test('fields at fault are named, and what they held is not', async () => {
  const { ask } = await person()
  const secret = canary()
  const said: string[] = []
  const faults = async (body: object) => {
    const answer = await ask('POST', '/v1/sources', body)
    said.push(JSON.stringify(answer.body))
    expect(answer.status).toBe(400)
    return answer.body.errors.map(({ field }: { field: string }) => field).sort()
  }
  expect(await faults({ type: 'nobank' })).toEqual(['type'])
  expect(await faults({ type: 'plaid', credentials: { token: secret } })).toEqual(['credentials'])
  expect(await faults({ type: 'plaid', credentials: secret })).toEqual(['credentials'])
  expect(await faults({ type: 'plaid', config: { region: secret }, credentials: {} })).toEqual([
    'config.region',
  ])
  expect(await faults({ type: 'plaid', name: '', credentials: { publicToken: 1 } })).toEqual(['name'])
  expect(await faults({ type: 'plaid', secret })).toEqual(['secret'])
  const deep = JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`)
  expect(await faults({ type: 'plaid', config: deep })).toEqual(['config'])
  expect(await faults({ type: 'plaid', credentials: { publicToken: 'a\0b' } })).toEqual(['credentials'])
  // The provider repeats what it was asked with, as some do.
  bank.provider.faults.plan({ kind: 'status', status: 500, body: `{"error_message":"bad ${secret}"}` })
  const echoed = await ask('POST', '/v1/sources', { type: 'plaid', credentials: { accessToken: secret } })
  expect(echoed.status).toBe(503)
  said.push(JSON.stringify(echoed.body))
  const connected = await ask('POST', '/v1/sources', { type: 'plaid', credentials: { accessToken: secret } })
  said.push(JSON.stringify(connected.body))
  expectNoCanary(said)
})

test('one key, one connection, the same bytes: also where its token is good for one time, and twenty ask at once', async () => {
  const { userId, ask, credentials } = await person()
  const token = await http.tokenFor(userId)
  const given = { type: 'plaid', credentials: credentials() }
  const headers = { 'idempotency-key': 'mine' }
  const first = await http.ask('POST', '/v1/sources', { token, body: given, headers })
  expect(first.status).toBe(201)
  const bytes = await first.text()
  // Without the key the token, which is used up, would be refused.
  const again = await http.ask('POST', '/v1/sources', { token, body: given, headers })
  expect({ status: again.status, bytes: await again.text() }).toEqual({ status: 201, bytes })
  const other = await ask('POST', '/v1/sources', { ...given, name: 'other' }, headers)
  expect(other).toMatchObject({ status: 422, body: { type: problem('idempotency-key-reused') } })

  const crowd = { type: 'plaid', credentials: credentials() }
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask('POST', '/v1/sources', crowd, { 'idempotency-key': 'crowd' })),
  )
  const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id))
  expect(ids.size).toBe(1)
  for (const { status, body } of answers)
    if (status !== 201) expect(body.type).toBe(problem('request-in-flight'))
  const sources = (await ask('GET', '/v1/sources')).body.sources
  expect(sources.filter(({ type }: { type: string }) => type === 'plaid')).toHaveLength(2)
})

test('a key whose request was refused is free for another one', async () => {
  const { ask, credentials } = await person()
  const headers = { 'idempotency-key': 'again' }
  bank.provider.faults.plan({ kind: 'reset', when: 'before' })
  const body = { type: 'plaid', name: 'bank', credentials: credentials() }
  expect((await ask('POST', '/v1/sources', body, headers)).status).toBe(503)
  expect((await ask('POST', '/v1/sources', body, headers)).status).toBe(201)
})

test('without a name, the first that is free; with one that is taken, none', async () => {
  const { ask, credentials, connect } = await person()
  const tokens = [1, 2, 3].map(() => bank.provider.createPublicToken(++owners))
  const keyed = (publicToken: string) =>
    ask(
      'POST',
      '/v1/sources',
      { type: 'plaid', credentials: { publicToken } },
      { 'idempotency-key': publicToken },
    )
  const made = await Promise.all(tokens.map(keyed))
  const names = made.map(({ body }) => body.name).toSorted()
  expect(names).toEqual([names[0], `${names[0]} 2`, `${names[0]} 3`])
  // Each key has kept the answer with the name that it came to.
  for (const [index, publicToken] of tokens.entries())
    expect((await keyed(publicToken)).body).toEqual(made[index]!.body)
  const kept = (await ask('GET', '/v1/sources')).body.sources.map(({ name }: { name: string }) => name)
  expect(kept.toSorted()).toEqual(['files', ...names].toSorted())

  await connect({ name: 'mine' })
  const token = credentials()
  const taken = await ask('POST', '/v1/sources', { type: 'plaid', name: 'mine', credentials: token })
  expect(taken).toMatchObject({ status: 409, body: { type: problem('conflict') } })
  // It was refused before the token was used.
  expect((await ask('POST', '/v1/sources', { type: 'plaid', credentials: token })).status).toBe(201)
})

test('statement files have one source, which is made when it is first asked for', async () => {
  const { userId, ask } = await person()
  await db.sql`DELETE FROM user_source WHERE user_id = ${userId}`
  expect((await ask('GET', '/v1/sources')).body).toEqual({ sources: [] })
  const first = await ask('POST', '/v1/sources', { type: 'file' })
  expect(first).toMatchObject({ status: 201, body: { type: 'file', status: 'active', nextSyncAt: null } })
  expect((await ask('POST', '/v1/sources', { type: 'file', config: {} })).body).toEqual(first.body)
  expect((await ask('POST', '/v1/sources', { type: 'file', name: 'mine' })).body.errors).toMatchObject([
    { field: 'name' },
  ])
  const path = `/v1/sources/${first.body.id}`
  expect((await ask('PATCH', path, { name: 'mine' })).status).toBe(409)
  expect((await ask('POST', `${path}/sync`)).status).toBe(409)
  expect((await ask('PUT', `${path}/credentials`, { credentials: {} })).status).toBe(409)
})

test('a platform-wide connection is the business of services, a user’s own of the user', async () => {
  const { userId, ask, connect, credentials: ownCredentials } = await person()
  const key = await apiKey(db, null, 'service')
  const serve = (method: string, path: string, body?: object) => http.json(method, path, { token: key, body })
  const { credentials, config } = platform.connection
  const body = { type: 'vendor', name: 'everybody', credentials, config }
  expect(await ask('POST', '/v1/sources', body)).toMatchObject({ status: 403 })
  const made = await serve('POST', '/v1/sources', body)
  expect(made).toMatchObject({ status: 201, body: { type: 'vendor', name: 'everybody', status: 'active' } })
  const [row] = await db.sql`SELECT user_id FROM user_source WHERE id = ${made.body.id}`
  expect(row!.user_id).toBeNull()
  const own = { type: 'plaid', credentials: ownCredentials() }
  expect(await serve('POST', '/v1/sources', own)).toMatchObject({ status: 403 })
  expect(await serve('POST', '/v1/sources', { type: 'file' })).toMatchObject({ status: 403 })

  const mine = await connect()
  expect((await serve('GET', '/v1/sources')).body.sources.map(({ id }: { id: string }) => id)).toEqual([
    made.body.id,
  ])
  expect((await ask('GET', '/v1/sources')).body.sources).not.toContainEqual(made.body)
  expect((await ask('GET', `/v1/sources/${made.body.id}`)).status).toBe(404)
  expect((await serve('GET', `/v1/sources/${mine.id}`)).status).toBe(404)

  const asked = async (token: string) => (await http.json('POST', '/v1/sources', { token, body })).status
  expect(await asked(await apiKey(db, userId, 'write'))).toBe(403)
  expect(await asked(await apiKey(db, null, 'read'))).toBe(403)
})

test('somebody else’s source is as one that is not there, whatever is done with it', async () => {
  const mine = await (await person()).connect()
  const { ask } = await person()
  const missing = '999999999999'
  const calls: [string, string, object?][] = [
    ['GET', ''],
    ['PATCH', '', { name: 'mine now' }],
    ['PATCH', '', { status: 'paused' }],
    ['PUT', '/credentials', { credentials: { accessToken: 'x' } }],
    ['DELETE', ''],
    ['DELETE', '?history=remove'],
    ['POST', '/sync'],
    ['GET', '/runs'],
    ['POST', '/files', {}],
  ]
  for (const [method, rest, body] of calls) {
    const foreign = await ask(method, `/v1/sources/${mine.id}${rest}`, body)
    const none = await ask(method, `/v1/sources/${missing}${rest}`, body)
    expect(foreign.status).toBe(404)
    expect({ ...foreign.body, requestId: '' }).toEqual({ ...none.body, requestId: '' })
  }
  const [row] = await db.sql`SELECT name, status FROM user_source WHERE id = ${mine.id}`
  expect(row).toMatchObject({ name: mine.name, status: 'active' })
})

test('a new name shows in everything that is read, at once', async () => {
  const { ask, connect } = await person()
  const { id } = await connect({ name: 'before' })
  await syncDue(db, clock, [bank])
  const bySource = async () =>
    (await ask('GET', '/v1/net-worth?by=source&currency=USD')).body.groups.map(
      ({ name }: { name: string }) => name,
    )
  expect(await bySource()).toEqual(['before'])
  expect((await ask('PATCH', `/v1/sources/${id}`, { name: 'after' })).body).toMatchObject({ name: 'after' })
  expect(await bySource()).toEqual(['after'])
  await connect({ name: 'another' })
  expect(await ask('PATCH', `/v1/sources/${id}`, { name: 'another' })).toMatchObject({
    status: 409,
    body: { type: problem('conflict') },
  })
  expect((await ask('PATCH', `/v1/sources/${id}`, {})).status).toBe(400)
  expect((await ask('PATCH', `/v1/sources/${id}`, { status: 'removed' })).body.errors).toMatchObject([
    { field: 'status' },
  ])
})

test('paused and resumed; sync now puts it before everything that nobody waits for', async () => {
  const { ask, connect } = await person()
  const { id } = await connect()
  await syncDue(db, clock, [bank])
  const plan = async () =>
    (await db.sql`SELECT lane, next_sync_at AS at, lease_token FROM user_source WHERE id = ${id}`)[0]!
  const paused = await ask('PATCH', `/v1/sources/${id}`, { status: 'paused' })
  expect(paused.body).toMatchObject({ status: 'paused', nextSyncAt: null })
  expect(await ask('POST', `/v1/sources/${id}/sync`)).toMatchObject({
    status: 409,
    body: { detail: 'the source is paused: set its status to active' },
  })
  expect(await syncDue(db, clock, [bank])).toBe(0)
  const resumed = await ask('PATCH', `/v1/sources/${id}`, { status: 'active' })
  expect(resumed.body).toMatchObject({ status: 'active', nextSyncAt: now.toISOString() })
  await syncDue(db, clock, [bank])

  // What is as it was asked for stays as it was: a sync that runs goes on.
  await db.sql`
    UPDATE user_source SET running_lane = 1, lease_token = gen_random_uuid(),
      lease_until = ${now.toISOString()}::timestamptz + INTERVAL '1 minute' WHERE id = ${id}`
  expect((await ask('PATCH', `/v1/sources/${id}`, { status: 'active' })).body).toMatchObject({
    running: true,
  })
  expect((await plan()).lease_token).not.toBeNull()
  await db.sql`UPDATE user_source SET running_lane = NULL, lease_token = NULL, lease_until = NULL WHERE id = ${id}`

  expect(await ask('POST', `/v1/sources/${id}/sync`)).toMatchObject({
    status: 202,
    body: { status: 'queued' },
  })
  expect((await plan()).lane).toBe(0)
  expect(new Date((await plan()).at)).toEqual(now)
  expect(await syncDue(db, clock, [bank])).toBe(1)
  expect((await ask('GET', `/v1/sources/${id}/runs`)).body.runs).toHaveLength(3)
})

test('who has to sign in again does so with the same connection', async () => {
  const me = await person()
  const { id } = await me.connect()
  const refusal = { error_type: 'ITEM_ERROR', error_code: 'ITEM_LOGIN_REQUIRED', error_message: 'x' }
  bank.provider.faults.plan({
    kind: 'status',
    status: 400,
    body: JSON.stringify({ ...refusal, request_id: 'x' }),
    headers: { 'content-type': 'application/json' },
  })
  await syncDue(db, clock, [bank])
  const refused = (await me.ask('GET', `/v1/sources/${id}`)).body
  expect(refused).toMatchObject({ status: 'reauth', statusMessage: expect.any(String), nextSyncAt: null })
  const told = await me.ask('POST', `/v1/sources/${id}/sync`)
  expect(told).toMatchObject({ status: 409 })
  expect(told.body.detail).toContain('PUT /v1/sources/{id}/credentials')

  const put = (credentials: object) => me.ask('PUT', `/v1/sources/${id}/credentials`, { credentials })
  const other = { publicToken: bank.provider.createPublicToken(++owners) }
  expect(await put(other)).toMatchObject({ status: 409, body: { type: problem('conflict') } })
  expect(await put({ publicToken: 7 })).toMatchObject({ status: 400 })
  expect((await me.ask('GET', `/v1/sources/${id}`)).body).toEqual(refused)
  expect(await put(me.credentials())).toMatchObject({
    status: 200,
    body: { id, status: 'active', statusMessage: null, nextSyncAt: now.toISOString() },
  })
  const writing = await apiKey(db, me.userId, 'write')
  const path = `/v1/sources/${id}/credentials`
  const body = { credentials: me.credentials() }
  expect((await http.ask('PUT', path, { token: writing, body })).status).toBe(403)
})

test('runs come page by page, newest first, none twice and none left out', async () => {
  const { ask, connect } = await person()
  const { id } = await connect()
  const at = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString()
  // Several begin at the same moment.
  for (let run = 0; run < 23; run++)
    await db.sql`
      INSERT INTO sync_run (source_id, started_at, ended_at, outcome, subject)
      VALUES (${id}, ${at(run >> 2)}, ${at(run >> 2)}, 'done', ${`run ${run}`})`
  const seen: { id: string; startedAt: string }[] = []
  for (let path = `/v1/sources/${id}/runs?limit=5`; ; ) {
    const { runs, nextCursor } = (await ask('GET', path)).body
    seen.push(...runs)
    // More begin meanwhile.
    await db.sql`INSERT INTO sync_run (source_id, started_at, subject) VALUES (${id}, ${at(-1)}, 'later')`
    if (nextCursor === null) break
    path = `/v1/sources/${id}/runs?limit=5&cursor=${nextCursor}`
  }
  expect(seen).toHaveLength(23)
  expect(new Set(seen.map((run) => run.id)).size).toBe(23)
  const times = seen.map(({ startedAt }) => startedAt)
  expect(times).toEqual(times.toSorted().toReversed())
  const bad = await ask('GET', `/v1/sources/${id}/runs?cursor=nonsense`)
  expect(bad).toMatchObject({ status: 400, body: { errors: [{ field: 'cursor' }] } })
})

test('an installation that is not set up for a connector says so, and not how', async () => {
  const { user } = await newPerson(db)
  const parts = partsFor([bank])
  const settings = async () => {
    throw new RefusedError('needs settings, mend "plaid" in /etc/tidemark/settings.json')
  }
  const bare = await startApp(db, {
    clock: clock.now,
    ...parts,
    connectors: { ...parts.connectors, settings },
  })
  const token = await bare.tokenFor(user.id)
  const body = { type: 'plaid', credentials: { publicToken: 'x' } }
  expect(await bare.json('POST', '/v1/sources', { token, body })).toMatchObject({
    status: 409,
    body: { detail: 'this installation is not set up for sources of type plaid' },
  })
})

test('a request that was taken over by another one adds nothing', async () => {
  const { user } = await newPerson(db)
  const slow: Connector = {
    ...bank.connector,
    async check() {
      await db.sql`UPDATE idempotency_key SET token = gen_random_uuid() WHERE key = 'taken-over'`
      return {}
    },
  }
  const app = await startApp(db, { clock: clock.now, ...partsFor([{ ...bank, connector: slow }]) })
  const answer = await app.json('POST', '/v1/sources', {
    token: await app.tokenFor(user.id),
    body: { type: 'plaid', credentials: { accessToken: 'x' } },
    headers: { 'idempotency-key': 'taken-over' },
  })
  expect(answer.status).toBeGreaterThanOrEqual(409)
  expect(
    await db.sql`SELECT 1 FROM user_source WHERE user_id = ${user.id} AND source_type_id = 'plaid'`,
  ).toEqual([])
})

test('a server that is stopping asks to be asked again', async () => {
  const { user } = await newPerson(db)
  const stopping = await startApp(db, { ...partsFor([bank]), signal: AbortSignal.abort() })
  const answer = await stopping.json('POST', '/v1/sources', {
    token: await stopping.tokenFor(user.id),
    body: { type: 'plaid', credentials: { accessToken: 'x' } },
  })
  expect(answer).toMatchObject({ status: 503, body: { type: problem('busy') } })
  expect(answer.headers.get('retry-after')).toBe('5')
})
