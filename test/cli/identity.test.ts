import { Secret, TOTP } from 'otpauth'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { logIn, newAccount } from '../setup/log-in.ts'
import { now } from '../setup/people.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

let db: TestDatabase
let http: TestApp
let tidemark: CommandLine
const folder = makeFolder()
let n = 0

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
  tidemark = commandLine(db, folder)
})
beforeEach(async () => {
  http.time.now = now
})

async function addUser(): Promise<string> {
  const email = `cli${n++}@example.org`
  expect((await tidemark.run('user', 'add', email)).code).toBe(0)
  return email
}
const status = async (token: string, path = '/v1/users/me') => (await http.ask('GET', path, { token })).status

describe('user password', () => {
  test('lets a user log in whom the operator added', async () => {
    const email = await addUser()
    const password = 'typed by the operator'
    expect((await logIn(http, { email, password })).status).toBe(401)
    expect(await tidemark.runWith(`${password}\n`, 'user', 'password', email)).toEqual({
      code: 0,
      stdout: `${email} has a new password; every log-in has ended\n`,
      stderr: '',
    })
    expect((await logIn(http, { email, password })).status).toBe(200)
  })

  test('ends every log-in, and keeps the second factor unless told', async () => {
    const account = await newAccount(http)
    const { accessToken: token } = (await logIn(http, account)).body
    const { secret } = (
      await http.json('POST', '/v1/second-factor', { token, body: { password: account.password } })
    ).body
    const code = TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: now.getTime() })
    await http.ask('POST', '/v1/second-factor/confirm', { token, body: { code } })
    await tidemark.runWith('the first new one\r\n', 'user', 'password', account.email)
    expect(await status(token)).toBe(401)
    expect((await logIn(http, account)).status).toBe(401)
    const first = await logIn(http, { ...account, password: 'the first new one' })
    expect(first.body.type).toBe('urn:tidemark:problem:second-factor-needed')
    const words = ['user', 'password', account.email, '--remove-second-factor']
    const { stdout } = await tidemark.runWith('the second new one', ...words)
    expect(stdout).toContain('and the second factor is off')
    expect((await logIn(http, { ...account, password: 'the second new one' })).status).toBe(200)
  })

  test.each([
    ['', 'there is no password on standard input'],
    ['too short\n', 'the password must have at least 10 characters'],
    ['two lines of\na password', 'standard input must be one line, the password'],
  ])('refuses %j', async (stdin, sentence) => {
    const account = await newAccount(http)
    expect(await tidemark.runWith(stdin, 'user', 'password', account.email)).toEqual({
      code: 2,
      stdout: '',
      stderr: `tidemark: ${sentence}\n`,
    })
    expect((await logIn(http, account)).status).toBe(200)
  })

  test('of nobody is refused', async () => {
    const { code, stderr } = await tidemark.runWith(
      'a good password',
      'user',
      'password',
      'absent@example.org',
    )
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no user absent@example.org')])
  })
})

describe('api-key', () => {
  test('of a user is made, listed and revoked', async () => {
    const email = await addUser()
    const words = ['--user', email, '--name', 'nightly report', '--scopes', 'write, read']
    const { code, stdout, stderr } = await tidemark.run('api-key', 'add', ...words)
    const key = stdout.trim()
    expect({ code, key, stderr }).toEqual({
      code: 0,
      key: expect.stringMatching(/^tmk_[\w-]{43}$/),
      stderr: expect.stringMatching(
        /^API key \d+, nightly report, for cli\d+@example\.org; it is not shown again:\n$/,
      ),
    })
    expect(await status(key)).toBe(200)
    expect(await status(key, '/v1/api-keys')).toBe(403)
    const listed = await tidemark.run('api-key', 'list', '--user', email, '--format', 'json')
    const [found, ...others] = JSON.parse(listed.stdout)
    expect(others).toEqual([])
    expect(found).toEqual({
      id: expect.stringMatching(/^\d+$/),
      name: 'nightly report',
      scopes: ['read', 'write'],
      hint: key.slice(0, 8),
      createdAt: now.toISOString(),
      expiresAt: null,
      email,
    })
    const table = (await tidemark.run('api-key', 'list')).stdout
    expect(table).toContain('nightly report')
    expect(table).not.toContain(key)
    expect(await tidemark.run('api-key', 'revoke', found.id)).toMatchObject({
      code: 0,
      stdout: `API key ${found.id} is revoked\n`,
    })
    expect(await status(key)).toBe(401)
    expect((await tidemark.run('api-key', 'list', '--user', email)).stdout).toContain('no API keys')
    expect(await tidemark.run('api-key', 'revoke', found.id)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`there is no API key ${found.id}`),
    })
  })

  test('of a service has its scope and no user', async () => {
    const { stdout } = await tidemark.run('api-key', 'add', '--service', '--name', 'aggregator')
    const key = stdout.trim()
    expect(await status(key)).toBe(403)
    const [stored] = await db.sql`SELECT user_id, scopes FROM api_key WHERE name = 'aggregator'`
    expect(stored).toEqual({ user_id: null, scopes: ['service'] })
    expect((await tidemark.run('api-key', 'list')).stdout).toMatch(/aggregator +service +service/)
  })

  test.each([
    [['--name', 'n'], 'either --user EMAIL or --service'],
    [['--name', 'n', '--service', '--user', 'a@example.org'], 'either --user EMAIL or --service'],
    [['--name', 'n', '--service', '--scopes', 'read'], 'leave --scopes out'],
    [['--name', 'n', '--user', 'a@example.org'], '--scopes must be one or more of read,write,admin'],
    [['--name', 'n', '--user', 'a@example.org', '--scopes', 'service'], '--scopes must be'],
    [['--name', 'n', '--user', 'a@example.org', '--scopes', 'read,'], '--scopes must be'],
    [['--name', ' ', '--service'], '--name must have 1 to 100 characters'],
    [['--service'], "required option '--name <name>' not specified"],
    [
      ['--name', 'n', '--user', 'absent@example.org', '--scopes', 'read'],
      'there is no user absent@example.org',
    ],
  ])('is refused with %j', async (words, sentence) => {
    const { code, stdout, stderr } = await tidemark.run('api-key', 'add', ...words)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(sentence)
  })

  test.each(['x', '0', '99999999999999999', '1e3'])('there is none of the id %s', async (id) => {
    expect((await tidemark.run('api-key', 'revoke', id)).code).toBe(2)
  })
})
