import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import type { createEmulator } from '../../src/connectors/plaid/emulator.ts'
import { fixture } from '../../src/connectors/plaid/fixture.ts'
import { canary, expectNoCanary } from '../setup/canary.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

const folder = makeFolder()
let db: TestDatabase
let tidemark: CommandLine
let served: ListeningEmulator
let provider: ReturnType<typeof createEmulator>
const key = Buffer.alloc(32, 9).toString('base64')

beforeAll(async () => {
  db = await cloneDatabase()
  provider = fixture.start({ clock: () => new Date(), limits: false }) as typeof provider
  served = await listen(provider.app)
  const { settings } = provider.connection(served.url)
  const file = await commandLine(db, folder).file('settings.json', JSON.stringify({ plaid: settings }))
  tidemark = commandLine(db, folder, {
    TIDEMARK_KEY: key,
    TIDEMARK_ALLOWED_HOSTS: served.host,
    TIDEMARK_CONNECTOR_SETTINGS: file,
    LOG_LEVEL: 'silent',
  })
})
afterAll(() => served.close())
beforeEach(() => provider.faults.clear())

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

test('no line of a log, no message and no metric carries a secret', async () => {
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
  await tell('source', 'add', 'plaid', '--user', 'bob@example.org', '--name', 'other', '--credentials', file)
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
})

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
