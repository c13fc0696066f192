import { Secret, TOTP, URI } from 'otpauth'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stepOf } from '../../src/http/totp.ts'
import { createKeyring } from '../../src/keyring.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { type Account, logIn, newAccount, pass } from '../setup/log-in.ts'
import { now } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp
let account: Account
let token: string

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})
beforeEach(async () => {
  http.time.now = now
  await db.sql`DELETE FROM try_count`
  account = await newAccount(http)
  token = await http.tokenFor(account.id)
})

const begin = (password = account.password, headers: Record<string, string> = {}) =>
  http.json('POST', '/v1/second-factor', { token, body: { password }, headers })
const confirm = (code: string) => http.json('POST', '/v1/second-factor/confirm', { token, body: { code } })
const remove = (code: string, password = account.password) =>
  http.json('POST', '/v1/second-factor/remove', { token, body: { password, code } })
const isOn = async () => (await http.json('GET', '/v1/users/me', { token })).body.secondFactor

/** What an authenticator shows, so many seconds from now. */
function codeOf(secret: string, seconds = 0): string {
  const timestamp = http.time.now.getTime() + seconds * 1000
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp })
}

/** One that is none of the present ones. */
function wrongCode(secret: string): string {
  const good = [-30, 0, 30].map((seconds) => codeOf(secret, seconds))
  return ['000000', '111111', '222222', '333333'].find((code) => !good.includes(code))!
}

/** Turns it on, and lets a minute pass: the code that confirmed it is good for nothing else. */
async function turnOn(): Promise<string> {
  const { secret } = (await begin()).body
  expect((await confirm(codeOf(secret))).status).toBe(204)
  pass(http.time, 60)
  token = await http.tokenFor(account.id)
  return secret
}

const needed = { status: 401, body: { type: 'urn:tidemark:problem:second-factor-needed' } }

describe('a second factor', () => {
  test('begins with a secret that every authenticator takes, and counts once it is confirmed', async () => {
    const { status, body, headers } = await begin()
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
        uri: expect.stringMatching(/^otpauth:\/\/totp\//),
      },
    })
    expect(headers.get('cache-control')).toBe('no-store')
    const told = URI.parse(body.uri) as TOTP
    expect(told).toMatchObject({
      issuer: 'Tidemark',
      label: account.email,
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
    })
    expect(told.secret.base32).toBe(body.secret)
    expect(await isOn()).toBe(false)
    expect((await logIn(http, account)).status).toBe(200)
    expect((await confirm(wrongCode(body.secret))).status).toBe(400)
    expect(await isOn()).toBe(false)
    expect((await confirm(codeOf(body.secret))).status).toBe(204)
    expect(await isOn()).toBe(true)
    expect(await logIn(http, account)).toMatchObject(needed)
    const [stored] =
      await db.sql`SELECT totp_secret, app_user::text AS whole FROM app_user WHERE id = ${account.id}`
    expect(Buffer.from(stored!.totp_secret).toString('latin1')).not.toContain(body.secret)
    expect(stored!.whole).not.toContain(body.secret)
  })

  test('is asked for after a right password alone', async () => {
    const secret = await turnOn()
    for (const code of [undefined, codeOf(secret), wrongCode(secret)]) {
      const { status, body } = await logIn(http, { ...account, password: 'wrong' }, { code })
      expect({ status, type: body.type }).toEqual({
        status: 401,
        type: 'urn:tidemark:problem:unauthenticated',
      })
    }
    expect(await logIn(http, account)).toMatchObject(needed)
    expect(await logIn(http, account, { code: wrongCode(secret) })).toMatchObject(needed)
    expect((await logIn(http, account, { code: codeOf(secret) })).status).toBe(200)
  })

  test('takes each code once, and none that is older than one that was taken', async () => {
    const secret = await turnOn()
    const [former, present, next] = [-30, 0, 30].map((seconds) => codeOf(secret, seconds)) as [
      string,
      string,
      string,
    ]
    expect((await logIn(http, account, { code: present })).status).toBe(200)
    expect(await logIn(http, account, { code: present })).toMatchObject(needed)
    expect(await logIn(http, account, { code: former })).toMatchObject(needed)
    expect((await logIn(http, account, { code: next })).status).toBe(200)
    // One that was used to log in is not good for anything else.
    expect((await remove(next)).status).toBe(400)
    pass(http.time, 60)
    token = await http.tokenFor(account.id)
    expect((await remove(codeOf(secret))).status).toBe(204)
  })

  test('shown by nine at once lets one of them in', async () => {
    const secret = await turnOn()
    await db.sql`DELETE FROM try_count`
    const all = await Promise.all(
      Array.from({ length: 9 }, () => logIn(http, account, { code: codeOf(secret) })),
    )
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(all.filter(({ status }) => status === 401)).toHaveLength(8)
  })

  test('takes codes of half a minute before and after, and no others', async () => {
    const secret = await turnOn()
    for (const seconds of [-90, -60, 60, 90])
      expect(await logIn(http, account, { code: codeOf(secret, seconds) })).toMatchObject(needed)
    expect((await logIn(http, account, { code: codeOf(secret, -30) })).status).toBe(200)
    expect((await logIn(http, account, { code: codeOf(secret, 30) })).status).toBe(200)
  })

  test('needs the password to begin and to end, and a code to end', async () => {
    expect((await begin('not the password')).status).toBe(400)
    const secret = await turnOn()
    expect((await remove(codeOf(secret), 'not the password')).status).toBe(400)
    expect((await remove(wrongCode(secret))).status).toBe(400)
    expect(await isOn()).toBe(true)
    expect((await remove(codeOf(secret))).status).toBe(204)
    expect(await isOn()).toBe(false)
    expect((await logIn(http, account)).status).toBe(200)
    expect((await remove(codeOf(secret, 30))).status).toBe(409)
  })

  test('that is on is not replaced by another; one that was not confirmed is', async () => {
    expect((await confirm('123456')).status).toBe(409)
    const first = (await begin()).body.secret
    const second = (await begin()).body.secret
    expect(second).not.toBe(first)
    expect((await confirm(codeOf(first))).status).toBe(400)
    expect((await confirm(codeOf(second))).status).toBe(204)
    expect((await begin()).status).toBe(409)
    expect((await confirm(codeOf(second, 30))).status).toBe(409)
  })

  test('begun again with an Idempotency-Key is the same one', async () => {
    const key = { 'idempotency-key': 'once' }
    const [first, again] = [await begin(account.password, key), await begin(account.password, key)]
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect((await confirm(codeOf(first.body.secret))).status).toBe(204)
  })

  test('of one user says nothing of another', async () => {
    const secret = await turnOn()
    const stranger = await newAccount(http)
    expect((await logIn(http, stranger)).status).toBe(200)
    const theirs = await http.tokenFor(stranger.id)
    const body = { code: codeOf(secret) }
    expect((await http.ask('POST', '/v1/second-factor/confirm', { token: theirs, body })).status).toBe(409)
    expect(await isOn()).toBe(true)
  })

  test('is read under a key that was rotated, as long as that is kept', async () => {
    const secret = await turnOn()
    const key = (byte: number) => Buffer.alloc(32, byte).toString('base64')
    const keyring = createKeyring({ key: key(9), oldKeys: [key(7)] })
    const after = await startApp(db, { clock: () => http.time.now, keyring })
    expect((await logIn(after, account, { code: codeOf(secret) })).status).toBe(200)
  })
})

describe('guessing codes', () => {
  test('is bounded together with passwords, and a right password alone forgives nothing', async () => {
    const secret = await turnOn()
    await db.sql`DELETE FROM try_count`
    const statuses = []
    for (let time = 0; time < 10; time++) {
      statuses.push((await logIn(http, account, { code: wrongCode(secret) })).status)
      if (time < 9) statuses.push((await logIn(http, account)).status)
    }
    expect(statuses).toEqual(Array(19).fill(401))
    expect((await logIn(http, account, { code: codeOf(secret) })).status).toBe(429)
    expect((await logIn(http, account)).status).toBe(429)
  })

  test('is bounded by the day, until a right code, or another password', async () => {
    const secret = await turnOn()
    const guess = async (times: number) => {
      const statuses = []
      for (let time = 0; time < times; time++) {
        // A quarter of an hour after another.
        if (time % 9 === 0) pass(http.time, 900)
        statuses.push((await logIn(http, account, { code: wrongCode(secret) })).status)
      }
      return statuses
    }
    await db.sql`DELETE FROM try_count`
    expect(await guess(19)).toEqual(Array(19).fill(401))
    pass(http.time, 900)
    expect((await logIn(http, account, { code: codeOf(secret) })).status).toBe(200)
    expect(await guess(21)).toEqual([...Array(20).fill(401), 429])
    pass(http.time, 900)
    const right = await logIn(http, account, { code: codeOf(secret) })
    expect(right.status).toBe(429)
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(3600)
    token = await http.tokenFor(account.id)
    const body = { currentPassword: account.password, newPassword: 'one that nobody else knows' }
    expect((await http.ask('PUT', '/v1/users/me/password', { token, body })).status).toBe(204)
    const after = await logIn(http, { ...account, password: body.newPassword }, { code: codeOf(secret) })
    expect(after.status).toBe(200)
  })

  test('by who has a token is bounded, too', async () => {
    const { secret } = (await begin()).body
    const statuses = []
    for (let time = 0; time < 21; time++) statuses.push((await confirm(wrongCode(secret))).status)
    expect(statuses).toEqual([...Array(20).fill(400), 429])
    expect((await confirm(codeOf(secret))).status).toBe(429)
  })
})

test.each(['12345', '1234567', 'abcdef', '１２３４５６', ' 12345', ''])('%j is no code', async (code) => {
  expect((await logIn(http, account, { code })).status).toBe(400)
})

test.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('at second %i the code is %s: RFC 6238, appendix B, its last six digits', (seconds, code) => {
  const secret = Secret.fromLatin1('12345678901234567890').base32
  const at = new Date(seconds * 1000)
  expect(stepOf(secret, code, at)).toBe(Math.floor(seconds / 30))
  expect(stepOf(secret, code, new Date(at.getTime() + 60_000))).toBeUndefined()
})
