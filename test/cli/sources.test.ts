import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import type { RequestGate } from '../../src/connectors/http-client.ts'
import type { createEmulator } from '../../src/connectors/plaid/emulator.ts'
import { fixture } from '../../src/connectors/plaid/fixture.ts'
import { connector as vendor } from '../../src/connectors/vendor/index.ts'
import { readSyncStatus } from '../../src/db/sync-status.ts'
import { type CheckWaiting, createCheckGate } from '../../src/http/check-gate.ts'
import { canary, expectNoCanary } from '../setup/canary.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { now } from '../setup/people.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

const folder = makeFolder()
let db: TestDatabase
let tidemark: CommandLine
let served: ListeningEmulator
let provider: ReturnType<typeof createEmulator>
let environment: Record<string, string>
const key = Buffer.alloc(32, 9).toString('base64')

beforeAll(async () => {
  db = await cloneDatabase()
  provider = fixture.start({ clock: () => new Date(), limits: false }) as typeof provider
  served = await listen(provider.app)
  const { settings } = provider.connection(served.url)
  const file = await commandLine(db, folder).file('settings.json', JSON.stringify({ plaid: settings }))
  environment = {
    TIDEMARK_ALLOWED_HOSTS: served.host,
    TIDEMARK_CONNECTOR_SETTINGS: file,
    LOG_LEVEL: 'silent',
  }
  tidemark = commandLine(db, folder, { ...environment, TIDEMARK_KEY: key })
})
afterAll(() => served.close())
beforeEach(() => provider.faults.clear())

/** `tidemark source add plaid` with the token on standard input. */
function connect(email: string, publicToken: string, ...options: string[]) {
  const credentials = ['--credentials', '-']
  const words = ['source', 'add', 'plaid', '--user', email, ...credentials, ...options]
  return tidemark.runWith(JSON.stringify({ publicToken }), ...words)
}

async function addUser(email: string): Promise<void> {
  expect(await tidemark.run('user', 'add', email)).toMatchObject({ code: 0 })
}

const idIn = (stdout: string) => /^source (\d+):/.exec(stdout)![1]!

async function list(email: string) {
  return JSON.parse((await tidemark.run('source', 'list', '--user', email, '--format', 'json')).stdout)
}

test('connect, sync, see how it stands, run a dead letter again', async () => {
  await tidemark.run('user', 'add', 'ada@example.org')
  const credentials = await tidemark.file(
    'token.json',
    JSON.stringify({ publicToken: provider.createPublicToken() }),
  )
  const added = await tidemark.run(
    'source',
    'add',
    'plaid',
    '--user',
    'ada@example.org',
    '--credentials',
    credentials,
  )
  expect(added).toMatchObject({ code: 0 })
  const id = /^source (\d+):/.exec(added.stdout)![1]!

  const synced = await tidemark.run('sync', '--source', id)
  expect(synced).toMatchObject({ code: 0 })
  expect(synced.stdout).toMatch(/: done \(\d+ added/)
  const listed = JSON.parse((await tidemark.run('source', 'list', '--format', 'json')).stdout)
  expect(listed).toMatchObject([{ id, connector: 'plaid', status: 'active', email: 'ada@example.org' }])
  const status = JSON.parse((await tidemark.run('status', '--format', 'json')).stdout)
  expect(status.providers).toMatchObject([{ connector: 'plaid', sources: 1, due: 0, running: 0, waiting: 0 }])
  expect((await tidemark.run('status')).stdout).toMatch(/^plaid +1 +0 +0/m)
  expect((await tidemark.run('balance', '--user', 'ada@example.org')).stdout).toContain('Everyday Checking')

  const again = await tidemark.run('sync', '--user', 'ada@example.org')
  expect(again.stdout).toMatch(/: done \(0 added, 0 changed, 0 removed/)

  provider.world.put({ ...provider.world.rows()[0]!, amount: '-77.01' })
  provider.faults.plan({ kind: 'rewritten', rewrite: (body) => body.replace('77.01', '"much"') })
  await tidemark.run('sync', '--all')
  const [letter] = JSON.parse((await tidemark.run('dead-letters', 'list', '--format', 'json')).stdout)
  expect(letter).toMatchObject({ sourceId: id, kind: 'record', status: 'open' })
  expect((await tidemark.run('dead-letters', 'list')).stdout).toContain('record')
  expect(await tidemark.run('dead-letters', 'retry', letter.id)).toMatchObject({
    code: 0,
    stdout: '1 queued: a worker runs them again\n',
  })
  const worker = tidemark.start(['worker'])
  await expect
    .poll(async () => (await tidemark.run('dead-letters', 'list')).stdout, { timeout: 30_000, interval: 200 })
    .toBe('no dead letters\n')
  worker.process.kill('SIGTERM')
  expect(await worker.ended).toMatchObject({ stdout: expect.stringContaining('Tidemark works') })
})

test('a source whose owner has to sign in again goes on with new credentials', async () => {
  await tidemark.run('user', 'add', 'eve@example.org')
  const first = JSON.stringify({ publicToken: provider.createPublicToken(3) })
  const added = await tidemark.runWith(
    first,
    'source',
    'add',
    'plaid',
    '--user',
    'eve@example.org',
    '--credentials',
    '-',
  )
  const id = /^source (\d+):/.exec(added.stdout)![1]!
  const refusal = {
    error_type: 'ITEM_ERROR',
    error_code: 'ITEM_LOGIN_REQUIRED',
    error_message: 'x',
    request_id: 'x',
  }
  provider.faults.plan({
    kind: 'status',
    status: 400,
    body: JSON.stringify(refusal),
    headers: { 'content-type': 'application/json' },
  })
  expect(await tidemark.run('sync', '--source', id)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('failed'),
  })
  expect((await tidemark.run('source', 'list')).stdout).toContain('reauth')
  const other = JSON.stringify({ publicToken: provider.createPublicToken(4) })
  expect(await tidemark.runWith(other, 'source', 'reconnect', id, '--credentials', '-')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('of another connection'),
  })
  const again = JSON.stringify({ publicToken: provider.createPublicToken(3) })
  expect(await tidemark.runWith(again, 'source', 'reconnect', id, '--credentials', '-')).toMatchObject({
    code: 0,
  })
  expect(await tidemark.run('sync', '--source', id)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('done'),
  })
})

test('another connection to the same institution gets a number', async () => {
  await addUser('kim@example.org')
  const tokens = [11, 12, 13].map((owner) => provider.createPublicToken(owner))
  const [first, ...others] = await Promise.all(tokens.map((token) => connect('kim@example.org', token)))
  for (const each of [first!, ...others]) expect(each).toMatchObject({ code: 0 })
  const names = (await list('kim@example.org')).map(({ name }: { name: string }) => name).toSorted()
  expect(names).toEqual([names[0], `${names[0]} 2`, `${names[0]} 3`])
  expect(await tidemark.run('sync', '--user', 'kim@example.org', '--no-history')).toMatchObject({ code: 0 })
})

test('what can be refused is refused before a token is used', async () => {
  await addUser('lea@example.org')
  expect(await connect('lea@example.org', provider.createPublicToken(14), '--name', 'mine')).toMatchObject({
    code: 0,
  })
  const token = provider.createPublicToken(15)
  expect(await connect('lea@example.org', token, '--name', 'mine')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is a source "mine" of this type already'),
  })
  const words = ['source', 'add', 'plaid', '--user', 'lea@example.org', '--credentials', '-']
  const withoutKey = commandLine(db, folder, environment)
  expect(await withoutKey.runWith(JSON.stringify({ publicToken: token }), ...words)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('TIDEMARK_KEY is not set'),
  })
  // It is good for one exchange: this is the first.
  expect(await connect('lea@example.org', token)).toMatchObject({ code: 0 })
  expect(await connect('lea@example.org', token)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the provider does not take it'),
  })
})

test('a provider that cannot be reached has refused nothing', async () => {
  await addUser('mia@example.org')
  const token = provider.createPublicToken(16)
  const unreachable = {
    code: 1,
    stderr: expect.stringMatching(/could not be reached: .*one-time token .*may or may not have been used/),
  }
  provider.faults.plan({ kind: 'reset', when: 'before' })
  expect(await connect('mia@example.org', token)).toMatchObject(unreachable)
  provider.faults.plan({ kind: 'status', status: 429, headers: { 'retry-after': '90' } })
  expect(await connect('mia@example.org', token)).toMatchObject(unreachable)
  // The refusal counts for all syncs of the provider.
  const status = JSON.parse((await tidemark.run('status', '--format', 'json')).stdout)
  expect(status.providers).toMatchObject([{ connector: 'plaid', pausedUntil: '2024-06-15T12:01:30.000Z' }])
  await db.sql`DELETE FROM provider_pause`
  expect(await connect('mia@example.org', token)).toMatchObject({ code: 0 })
})

test('a request outside of a sync waits for the budget of its provider, and counts in it', async () => {
  let time = now.getTime()
  let waits = 0
  const told: string[] = []
  const open = (waiting: CheckWaiting) =>
    createCheckGate(
      {
        db,
        signal: new AbortController().signal,
        clock: () => new Date(time),
        sleep: async (milliseconds) => {
          waits++
          time += milliseconds
        },
        random: () => 0.5,
      },
      vendor,
      waiting,
    )
  const patient = open({ onWait: (until) => told.push(until.toISOString()) })
  const ask = async (gate: RequestGate) => (await gate.enter(undefined))({ rateLimited: false })
  for (let request = 0; request < 5; request++) await ask(patient)
  expect(waits).toBe(0)
  // Who may not wait that long is told so, and takes nothing.
  await expect(ask(open({ longestWait: 10_000 }))).rejects.toMatchObject({
    code: 'rate-limited',
    retryAt: new Date('2024-06-15T12:01:00Z'),
  })
  expect(waits).toBe(0)
  await ask(patient)
  expect(waits).toBeGreaterThan(0)
  expect(time).toBeGreaterThanOrEqual(now.getTime() + 60_000)
  expect(told).toEqual(['2024-06-15T12:01:00.000Z'])
})

test('who looks is seen, at most once an hour', async () => {
  await addUser('noa@example.org')
  const seenAt = async () => {
    const [user] = await db.sql`SELECT last_seen_at AS seen FROM app_user WHERE email = 'noa@example.org'`
    return user!.seen === null ? null : new Date(user!.seen)
  }
  const forget = (at: Date | null) =>
    db.sql`UPDATE app_user SET last_seen_at = ${at?.toISOString() ?? null} WHERE email = 'noa@example.org'`
  expect(await seenAt()).toBeNull()
  for (const command of ['balance', 'net-worth', 'sync']) {
    await forget(null)
    expect(await tidemark.run(command, '--user', 'noa@example.org')).toMatchObject({ code: 0 })
    expect(await seenAt()).toEqual(now)
  }
  await forget(null)
  await connect('noa@example.org', provider.createPublicToken(17))
  expect(await seenAt()).toEqual(now)

  const lately = new Date(now.getTime() - 3_599_000)
  await forget(lately)
  await tidemark.run('balance', '--user', 'noa@example.org')
  expect(await seenAt()).toEqual(lately)
  await forget(new Date(now.getTime() - 3_601_000))
  await tidemark.run('balance', '--user', 'noa@example.org')
  expect(await seenAt()).toEqual(now)
})

test('a source whose worker died does not run', async () => {
  await addUser('oda@example.org')
  const id = idIn((await connect('oda@example.org', provider.createPublicToken(18))).stdout)
  const hold = (until: number) => db.sql`
    UPDATE user_source SET running_lane = 1, lease_until = ${new Date(until).toISOString()} WHERE id = ${id}`
  await hold(now.getTime() + 1000)
  expect(await list('oda@example.org')).toMatchObject([{ id, running: true }])
  await hold(now.getTime())
  expect(await list('oda@example.org')).toMatchObject([{ id, running: false, status: 'active' }])
  expect((await tidemark.run('source', 'list', '--user', 'oda@example.org')).stdout).not.toContain('running')
})

test('the status counts the connections that have used their own budget up', async () => {
  await addUser('pia@example.org')
  const id = idIn((await connect('pia@example.org', provider.createPublicToken(19))).stdout)
  const use = (source: string, slots: number, secondsAgo: number) => db.sql`
    INSERT INTO provider_quota (scope, slot, used_at, granted_at, lane)
    SELECT ${`plaid source ${source} per 60000 ms`}, n,
      ${now.toISOString()}::timestamptz - make_interval(secs => ${secondsAgo}), ${now.toISOString()}, 1
    FROM generate_series(1, ${slots}::int) AS n`
  await use(id, 50, 59)
  await use(`${id}0`, 50, 61)
  await use(`${id}1`, 49, 1)
  const status = JSON.parse((await tidemark.run('status', '--format', 'json')).stdout)
  expect(status.providers).toMatchObject([{ connector: 'plaid', connectionsUsedUp: 1 }])
  expect((await tidemark.run('status')).stdout).toContain('left; 1 connection has used its own up')
  await db.sql`
    UPDATE provider_quota SET used_at = ${now.toISOString()} WHERE scope = ${`plaid source ${id}0 per 60000 ms`}`
  expect((await tidemark.run('status')).stdout).toContain('left; 2 connections have used theirs up')
  await db.sql`DELETE FROM provider_quota WHERE scope LIKE 'plaid source %'`
})

test('a fixed window begins at midnight', async () => {
  const day = 86_400_000
  const limit = { connector: 'plaid', max: 2, per: day, fixed: true }
  const at = ['2024-06-14T23:59:59Z', '2024-06-15T00:00:00Z']
  for (const scope of ['plaid a', 'plaid source 1 per day'])
    await db.sql`
      INSERT INTO provider_quota (scope, slot, used_at, granted_at, lane)
      SELECT ${scope}, n, used_at::timestamptz, used_at::timestamptz, 1
      FROM unnest(${at}::text[]) WITH ORDINALITY AS u (used_at, n)`
  const read = async () => {
    const connections = [{ ...limit, scope: '^plaid source [0-9]+ per day$' }]
    const [status] = await readSyncStatus(db.sql, [{ ...limit, scope: 'plaid a' }], connections, now)
    return { budgets: status!.budgets, connectionsUsedUp: status!.connectionsUsedUp }
  }
  expect(await read()).toEqual({
    budgets: [{ scope: 'plaid a', used: 1, left: 1, max: 2, per: day }],
    connectionsUsedUp: 0,
  })
  await db.sql`UPDATE provider_quota SET used_at = ${now.toISOString()} WHERE scope LIKE 'plaid %' AND slot = 1`
  expect(await read()).toEqual({
    budgets: [{ scope: 'plaid a', used: 2, left: 0, max: 2, per: day }],
    connectionsUsedUp: 1,
  })
  await db.sql`DELETE FROM provider_quota WHERE scope IN ('plaid a', 'plaid source 1 per day')`
})

test('a removed source leaves what it brought, and its name', async () => {
  await addUser('rik@example.org')
  const email = 'rik@example.org'
  const id = idIn((await connect(email, provider.createPublicToken(20), '--name', 'bank')).stdout)
  await tidemark.run('sync', '--source', id)
  const before = (await tidemark.run('balance', '--user', email)).stdout
  expect(before).toContain('Everyday Checking')
  await db.sql`
    UPDATE user_source SET running_lane = 2, lease_token = gen_random_uuid(), lease_until = ${now.toISOString()}::timestamptz + INTERVAL '1 minute'
    WHERE id = ${id}`
  expect(await tidemark.run('source', 'remove', id)).toMatchObject({
    code: 0,
    stdout: `source ${id}, bank, is removed; its accounts and their history stay\n`,
  })
  const [row] = await db.sql`SELECT * FROM user_source WHERE id = ${id}`
  expect(row).toMatchObject({
    status: 'removed',
    credentials: null,
    next_sync_at: null,
    backfill_at: null,
    lease_token: null,
    lease_until: null,
    running_lane: null,
  })
  expect(await list(email)).toEqual([])
  expect((await tidemark.run('balance', '--user', email)).stdout).toBe(before)
  expect(await tidemark.run('source', 'remove', id)).toMatchObject({ code: 2 })
  expect(await tidemark.run('source', 'resume', id)).toMatchObject({ code: 2 })
  const again = await connect(email, provider.createPublicToken(21), '--name', 'bank')
  expect(again).toMatchObject({ code: 0 })
  expect(await list(email)).toMatchObject([{ id: idIn(again.stdout), name: 'bank' }])
})

// What is logged has nothing to do with the engine, and these are processes of their own.
test.skipIf(inject('engine') !== 'plain')(
  'no line of a log, no message, no table and no status carries a secret',
  async () => {
    const secret = canary()
    const said: string[] = []
    const tell = async (...words: string[]) => {
      // A process of its own, since it is that which logs.
      const { stdout, stderr } = await tidemark.start(words, { environment: { LOG_LEVEL: 'trace' } }).ended
      said.push(stdout, stderr)
    }
    await tell('user', 'add', 'bob@example.org')
    const file = await tidemark.file('secret.json', JSON.stringify({ accessToken: secret }))
    await tell('source', 'add', 'plaid', '--user', 'bob@example.org', '--credentials', file)
    // The provider repeats what it was asked with, as some do.
    const echo = JSON.stringify({
      error_type: 'API_ERROR',
      error_code: 'INTERNAL_SERVER_ERROR',
      error_message: `bad ${secret}`,
      request_id: 'x',
    })
    provider.faults.plan({ kind: 'status', status: 500, body: echo })
    await tell(
      'source',
      'add',
      'plaid',
      '--user',
      'bob@example.org',
      '--name',
      'other',
      '--credentials',
      file,
    )
    provider.faults.plan({ kind: 'status', status: 500, body: echo })
    await tell('sync', '--user', 'bob@example.org')
    provider.faults.plan({
      kind: 'rewritten',
      rewrite: (body) => body.replace(/"transaction_id":"[^"]*"/, `"transaction_id":{"a":"${secret}"}`),
    })
    provider.world.put({ ...provider.world.rows()[1]!, amount: '-78.02' })
    await tell('sync', '--user', 'bob@example.org')
    provider.faults.plan({ kind: 'reset', when: 'before' })
    await tell('sync', '--user', 'bob@example.org')
    await tell('status', '--format', 'json')
    await tell('source', 'list')
    await tell('dead-letters', 'list', '--format', 'json')
    await tell('keys', 'rotate')
    for (const table of ['sync_run', 'dead_letter', 'user_source', 'provider_quota', 'provider_pause'])
      said.push(JSON.stringify(await db.sql.unsafe(`SELECT t::text FROM ${table} AS t`)))
    expect(said.join('').length).toBeGreaterThan(1000)
    expectNoCanary(said)
    expectNoCanary(said.map((text) => text.replaceAll(key, secret)))
  },
)

test('what cannot be is refused with a sentence', async () => {
  const refused = async (...words: string[]) => {
    const { code, stderr } = await tidemark.run(...words)
    expect(code).toBe(2)
    return stderr
  }
  expect(await refused('source', 'add', 'nobank', '--user', 'ada@example.org')).toContain(
    'there is no connector "nobank"; there are',
  )
  expect(await refused('source', 'add', 'plaid')).toContain('say --user')
  expect(await refused('source', 'add', 'ecb', '--user', 'ada@example.org')).toContain('say --platform')
  expect(await refused('source', 'add', 'ecb', '--platform', '--config', '{')).toContain(
    '--config: is not JSON',
  )
  expect(await refused('source', 'add', 'ecb', '--platform', '--config', '{"baseUrl":3}')).toContain(
    'baseUrl',
  )
  expect(
    await refused('source', 'add', 'ecb', '--platform', '--config', '{"baseUrl":"http://127.0.0.1:9"}'),
  ).toContain('private network')
  expect(await refused('sync')).toContain('say what to sync')
  expect(await refused('sync', '--source', 'x')).toContain('there is no source x')
  expect(await refused('sync', '--source', '123456')).toContain('there is no source 123456')
  expect(await refused('dead-letters', 'retry')).toContain('say which letters')
  expect(await refused('source', 'pause', '123456')).toContain('there is no source 123456')
  expect(await refused('connector', 'check', 'nobank')).toContain('there is no connector')
})
