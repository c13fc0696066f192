import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { PlaidEmulator } from '../../src/connectors/plaid/emulator.ts'
import { fixture as plaid } from '../../src/connectors/plaid/fixture.ts'
import { connect } from '../../src/db/client.ts'
import { pageDeadLetters, settleDeadLetter } from '../../src/db/dead-letters.ts'
import type { Reach } from '../../src/db/owner.ts'
import { addSource } from '../../src/db/sources.ts'
import { apiKey } from '../setup/api-key.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { newPerson, now } from '../setup/people.ts'
import { partsFor, type ServedProvider, serveProvider, syncDue } from '../setup/providers.ts'
import { createVirtualClock, type VirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
let http: TestApp
let clock: VirtualClock
let bank: ServedProvider<PlaidEmulator>
let owners = 0

beforeAll(async () => {
  db = await cloneDatabase()
  clock = createVirtualClock(now)
  bank = await serveProvider(plaid, { clock: clock.now, limits: false })
  http = await startApp(db, { clock: clock.now, ...partsFor([bank]) })
})
beforeEach(() => bank.provider.faults.clear())

async function person() {
  const { user } = await newPerson(db)
  const source = { connector: bank.connector, name: 'bank', config: {} }
  const credentials = { accessToken: `access-sandbox-${++owners}` }
  const sourceId = await addSource(
    db.sql,
    http.parts.keyring,
    { ...source, userId: user.id, credentials },
    now,
  )
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) =>
    http.json(method, path, { token: await http.tokenFor(user.id), headers })
  return { user, sourceId, ask }
}

function platformSource(name: string): Promise<string> {
  const source = { connector: bank.connector, userId: null, name, config: {}, credentials: undefined }
  return addSource(db.sql, http.parts.keyring, source, now)
}

type Status = 'open' | 'queued' | 'resolved' | 'discarded'

/** A failed fetch of history, as syncs leave it. */
async function letter(sourceId: string, status: Status = 'open', mode = 'backfill'): Promise<string> {
  const request = {
    mode,
    window: { from: '2024-05-01', to: '2024-05-31' },
    cursor: { secret: 'of the provider' },
  }
  const [made] = await db.sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, status, created_at, updated_at)
    VALUES (${sourceId}, 'fetch', ${JSON.stringify(request)}::text::jsonb, gen_random_uuid(), 'transient',
      'the bank answered 500', 10, ${status}, ${now.toISOString()}, ${now.toISOString()})
    RETURNING id`
  return made!.id
}

const statusOf = async (id: string) =>
  (await db.sql`SELECT status FROM dead_letter WHERE id = ${id}`)[0]!.status as Status

test('what a sync could not use becomes a letter; retried, it is made good', async () => {
  const { sourceId, ask } = await person()
  await syncDue(db, clock, [bank])
  const row = bank.provider.world.rows()[0]!
  bank.provider.world.put({ ...row, amount: '-77.01' })
  bank.provider.faults.plan({ kind: 'rewritten', rewrite: (body) => body.replace('77.01', '"much"') })
  expect((await ask('POST', `/v1/sources/${sourceId}/sync`)).status).toBe(202)
  await syncDue(db, clock, [bank])
  const { deadLetters, nextCursor } = (await ask('GET', '/v1/dead-letters')).body
  expect(deadLetters).toEqual([
    {
      id: expect.stringMatching(/^\d+$/),
      sourceId,
      connector: 'plaid',
      sourceName: 'bank',
      kind: 'record',
      request: { mode: 'incremental', window: { from: expect.any(String), to: expect.any(String) } },
      code: expect.any(String),
      error: expect.any(String),
      attempts: 1,
      status: 'open',
      createdAt: now.toISOString(),
      updatedAt: now.toISOString(),
    },
  ])
  expect(nextCursor).toBeNull()
  expect((await ask('GET', `/v1/sources/${sourceId}`)).body).toMatchObject({ deadLetters: 1 })
  const path = `/v1/dead-letters/${deadLetters[0].id}`
  expect((await ask('GET', path)).body).toEqual(deadLetters[0])

  expect(await ask('POST', `${path}/retry`)).toMatchObject({ status: 202, body: { status: 'queued' } })
  expect((await ask('GET', '/v1/dead-letters')).body.deadLetters).toMatchObject([{ status: 'queued' }])
  await syncDue(db, clock, [bank])
  expect((await ask('GET', path)).body).toMatchObject({ status: 'resolved' })
  expect((await ask('GET', '/v1/dead-letters')).body.deadLetters).toEqual([])
  expect((await ask('GET', `/v1/sources/${sourceId}`)).body).toMatchObject({ deadLetters: 0 })
})

test('a closed one stays closed; an open one is queued, or closed, once', async () => {
  const { sourceId, ask } = await person()
  for (const status of ['resolved', 'discarded'] as const) {
    const id = await letter(sourceId, status)
    for (const action of ['retry', 'discard'])
      expect(await ask('POST', `/v1/dead-letters/${id}/${action}`)).toMatchObject({
        status: 409,
        body: { type: 'urn:tidemark:problem:conflict', detail: `the dead letter is ${status} already` },
      })
    expect(await statusOf(id)).toBe(status)
  }
  const id = await letter(sourceId)
  expect((await ask('POST', `/v1/dead-letters/${id}/retry`)).status).toBe(202)
  expect((await ask('POST', `/v1/dead-letters/${id}/retry`)).status).toBe(202)
  expect(await statusOf(id)).toBe('queued')
  const [source] = await db.sql`SELECT backfill_at FROM user_source WHERE id = ${sourceId}`
  expect(new Date(source!.backfill_at)).toEqual(now)
  expect(await ask('POST', `/v1/dead-letters/${id}/discard`)).toMatchObject({
    status: 200,
    body: { status: 'discarded' },
  })
  expect(await statusOf(id)).toBe('discarded')
})

test('a failed fetch of what is new makes the source itself due', async () => {
  const { sourceId, ask } = await person()
  await db.sql`UPDATE user_source SET next_sync_at = '2024-06-20', lane = 1 WHERE id = ${sourceId}`
  const id = await letter(sourceId, 'open', 'incremental')
  expect((await ask('POST', `/v1/dead-letters/${id}/retry`)).status).toBe(202)
  const [source] =
    await db.sql`SELECT next_sync_at, lane, backfill_at FROM user_source WHERE id = ${sourceId}`
  expect(source).toMatchObject({ lane: 0, backfill_at: null })
  expect(new Date(source!.next_sync_at)).toEqual(now)
})

test('one key, one effect, the same answer, also where it would be refused by now', async () => {
  const { sourceId, ask } = await person()
  const id = await letter(sourceId)
  const path = `/v1/dead-letters/${id}/discard`
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask('POST', path, { 'idempotency-key': 'k' })))
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1)
  expect(await ask('POST', path, { 'idempotency-key': 'k' })).toMatchObject({
    status: 200,
    body: { status: 'discarded' },
  })
  expect((await ask('POST', path, { 'idempotency-key': 'other' })).status).toBe(409)
  // A key whose request was refused is free again.
  expect((await ask('POST', path, { 'idempotency-key': 'other' })).status).toBe(409)
})

test('page by page, by source and by status, none twice and none left out', async () => {
  const { sourceId, ask } = await person()
  const other = await addSource(
    db.sql,
    http.parts.keyring,
    {
      connector: bank.connector,
      userId: (await db.sql`SELECT user_id FROM user_source WHERE id = ${sourceId}`)[0]!.user_id,
      name: 'other',
      config: {},
      credentials: { accessToken: 'x' },
    },
    now,
  )
  const statuses: Status[] = ['open', 'queued', 'resolved', 'discarded']
  const made: { id: string; status: Status; sourceId: string }[] = []
  for (let index = 0; index < 24; index++) {
    const status = statuses[index % 4]!
    const of = index % 3 === 0 ? other : sourceId
    made.push({ id: await letter(of, status), status, sourceId: of })
  }
  const all = async (query: string) => {
    const seen: { id: string }[] = []
    for (let cursor = ''; ; ) {
      const { body } = await ask('GET', `/v1/dead-letters?limit=3${query}${cursor}`)
      seen.push(...body.deadLetters)
      if (body.nextCursor === null) return seen.map(({ id }) => id)
      cursor = `&cursor=${body.nextCursor}`
    }
  }
  const expected = (keep: (each: (typeof made)[number]) => boolean) =>
    made
      .filter(keep)
      .map(({ id }) => id)
      .toReversed()
  expect(await all('')).toEqual(expected(({ status }) => status === 'open' || status === 'queued'))
  for (const wanted of statuses)
    expect(await all(`&status=${wanted}`)).toEqual(expected(({ status }) => status === wanted))
  expect(await all(`&status=open&sourceId=${other}`)).toEqual(
    expected(({ status, sourceId: of }) => status === 'open' && of === other),
  )
  expect((await ask('GET', '/v1/dead-letters?cursor=bad')).body.errors).toMatchObject([{ field: 'cursor' }])
  expect((await ask('GET', '/v1/dead-letters?status=lost')).body.errors).toMatchObject([{ field: 'status' }])
})

test('somebody else’s is as one that is not there', async () => {
  const { sourceId } = await person()
  const mine = await letter(sourceId)
  const { ask } = await person()
  const platform = await letter(await platformSource('everybody'))
  for (const [method, rest] of [
    ['GET', ''],
    ['POST', '/retry'],
    ['POST', '/discard'],
  ] as const) {
    const answers = []
    for (const id of [mine, platform, '999999999999'])
      answers.push(await ask(method, `/v1/dead-letters/${id}${rest}`))
    for (const { status, body } of answers) {
      expect(status).toBe(404)
      expect({ ...body, requestId: '' }).toEqual({ ...answers[0]!.body, requestId: '' })
    }
  }
  expect((await ask('GET', `/v1/dead-letters?sourceId=${sourceId}`)).body.deadLetters).toEqual([])
  expect(await statusOf(mine)).toBe('open')
  expect(await statusOf(platform)).toBe('open')
})

test('a user’s list holds their own of every status, whatever else there is', async () => {
  const statuses: Status[] = ['open', 'queued', 'resolved', 'discarded']
  const owner = await person()
  const other = await person()
  const platformId = await platformSource('of nobody')
  const mine: Record<string, string> = {}
  for (const status of statuses) {
    mine[status] = await letter(owner.sourceId, status)
    for (const id of [other.sourceId, platformId]) await letter(id, status)
  }
  for (const status of statuses) {
    const { body } = await owner.ask('GET', `/v1/dead-letters?status=${status}&limit=200`)
    expect(body.deadLetters.map(({ id }: { id: string }) => id)).toEqual([mine[status]])
  }
  for (const more of ['everyone=true', 'userId=1', 'reach=everyone'])
    expect((await owner.ask('GET', `/v1/dead-letters?${more}`)).status).toBe(400)
})

test('whoever is nobody reaches nobody’s letters', async () => {
  const { sourceId } = await person()
  const ids = [await letter(sourceId), await letter(await platformSource('reached by none'))]
  const nobody = { userId: null as unknown as string }
  expect(await pageDeadLetters(db.sql, nobody, { status: 'any', limit: 200 })).toEqual([])
  for (const forgotten of [null, undefined] as unknown as Reach[])
    await expect(pageDeadLetters(db.sql, forgotten, { limit: 1 })).rejects.toThrow()
  for (const id of ids) {
    for (const action of ['retry', 'discard'] as const) {
      expect(await settleDeadLetter(db.sql, action, { reach: nobody, id }, now, undefined)).toBeUndefined()
      const call = db.sql.unsafe(`SELECT ${action}_dead_letter(${id}, now()) AS plain,
        ${action}_dead_letter(${id}, now(), NULL, NULL) AS given`)
      expect({ ...(await call)[0] }).toEqual({ plain: null, given: null })
    }
    expect(await statusOf(id)).toBe('open')
  }
})

test('an operator sees those of all sources, runs them again and closes them', async () => {
  await db.sql`DELETE FROM dead_letter`
  const { sourceId } = await person()
  const other = await person()
  const platformId = await platformSource('of all')
  const made: string[] = []
  for (const id of [sourceId, other.sourceId, platformId, sourceId]) made.unshift(await letter(id))
  const key = await apiKey(db, null, 'service')
  const serve = (method: string, path: string) => http.json(method, path, { token: key })
  const listed = async (query = '') =>
    (await serve('GET', `/v1/dead-letters${query}`)).body.deadLetters.map(({ id }: { id: string }) => id)
  expect(await listed()).toEqual(made)
  expect(await listed(`?sourceId=${sourceId}`)).toEqual([made[0], made[3]])
  const first = (await serve('GET', '/v1/dead-letters?limit=3')).body
  expect(first.deadLetters).toHaveLength(3)
  expect(await listed(`?limit=3&cursor=${first.nextCursor}`)).toEqual([made[3]])

  const [newest, platform, others, oldest] = made as [string, string, string, string]
  expect((await serve('GET', `/v1/dead-letters/${oldest}`)).body).toEqual(
    (await serve('GET', '/v1/dead-letters')).body.deadLetters.at(-1),
  )
  expect(await serve('POST', `/v1/dead-letters/${oldest}/retry`)).toMatchObject({ status: 202 })
  const [source] = await db.sql`SELECT backfill_at FROM user_source WHERE id = ${sourceId}`
  expect(new Date(source!.backfill_at)).toEqual(now)
  expect(await serve('POST', `/v1/dead-letters/${platform}/retry`)).toMatchObject({ status: 202 })
  expect(await serve('POST', `/v1/dead-letters/${others}/discard`)).toMatchObject({ status: 200 })
  expect(await listed()).toEqual([newest, platform, oldest])
  expect(await listed('?status=open')).toEqual([newest])
  expect(await listed('?status=queued')).toEqual([platform, oldest])
  expect(await listed('?status=discarded')).toEqual([others])
  expect(await listed('?status=resolved')).toEqual([])
  expect(await serve('POST', `/v1/dead-letters/${others}/retry`)).toMatchObject({ status: 409 })
  expect(await serve('POST', '/v1/dead-letters/999999999999/retry')).toMatchObject({ status: 404 })
  // Its owner sees what was done.
  expect((await other.ask('GET', `/v1/dead-letters/${others}`)).body).toMatchObject({ status: 'discarded' })
})

test('lists wait no longer than other reads do', async () => {
  const { sourceId } = await person()
  const id = await letter(sourceId)
  const reads = connect(db.url, { max: 1, statementTimeout: 200 })
  const served = await startApp(db, { reads })
  const token = await apiKey(db, null, 'service')
  const ask = (path: string) => served.json('GET', path, { token })
  await db.sql.begin(async (sql) => {
    await sql`LOCK TABLE dead_letter IN ACCESS EXCLUSIVE MODE`
    for (const path of ['/v1/dead-letters', `/v1/dead-letters/${id}`])
      expect([path, (await ask(path)).status]).toEqual([path, 503])
  })
  expect((await ask(`/v1/dead-letters/${id}`)).status).toBe(200)
  await reads.end()
})
