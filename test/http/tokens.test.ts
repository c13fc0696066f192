import fc from 'fast-check'
import type { Hono } from 'hono'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listen } from '../../src/connectors/emulator/listen.ts'
import { forgetSessions } from '../../src/db/sessions.ts'
import { forgetTries } from '../../src/db/try-counts.ts'
import { addUser } from '../../src/db/users.ts'
import { hashRefreshToken, readRefreshToken } from '../../src/http/refresh-token.ts'
import { networkOf } from '../../src/http/tries.ts'
import { createKeyring } from '../../src/keyring.ts'
import { apiKey } from '../setup/api-key.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { logIn, newAccount, openLogIn, pass } from '../setup/log-in.ts'
import { newPerson, now } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp
/** A process of the same installation that has the new key for the current one already: both know both. */
let rotated: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  const [before, after] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string]
  const keyring = (key: string, other: string) => createKeyring({ key, oldKeys: [other] })
  http = await startApp(db, { trustedProxies: 1, keyring: keyring(before, after) })
  rotated = await startApp(db, { keyring: keyring(after, before), clock: () => http.time.now })
})
beforeEach(async () => {
  http.time.now = now
  await db.sql`DELETE FROM try_count`
})

const refresh = (refreshToken: string, app = http) =>
  app.json('POST', '/v1/tokens/refresh', { body: { refreshToken } })
const me = async (token: string, app = http) => (await app.ask('GET', '/v1/users/me', { token })).status
const logOut = (options: Parameters<TestApp['ask']>[2]) => http.json('DELETE', '/v1/tokens', options)
const hashOf = (token: string) => hashRefreshToken(readRefreshToken(token)!)

async function liveTokens(sessionId: string): Promise<Buffer[]> {
  const rows = await db.sql`
    SELECT hash FROM refresh_token WHERE session_id = ${sessionId} AND rotated_at IS NULL`
  return rows.map(({ hash }) => Buffer.from(hash))
}

describe('logging in', () => {
  test('gives an access token of five minutes and a refresh token of thirty days', async () => {
    const account = await newAccount(http)
    const { status, body, headers } = await logIn(http, account)
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        tokenType: 'Bearer',
        expiresIn: 300,
        refreshToken: expect.stringMatching(/^tmr_[\w-]{54}$/),
        refreshExpiresAt: '2024-07-15T12:00:00.000Z',
      },
    })
    expect(headers.get('cache-control')).toBe('no-store')
    pass(http.time, 299)
    expect(await me(body.accessToken)).toBe(200)
    pass(http.time, 7)
    expect(await me(body.accessToken)).toBe(401)
    const { accessToken } = (await refresh(body.refreshToken)).body
    expect(await me(accessToken)).toBe(200)
  })

  test('is refused in the same words where nobody has the email, and where the password is wrong', async () => {
    const account = await newAccount(http)
    const added = await addUser(db, { email: 'added@example.org', timeZone: 'UTC', baseCurrency: 'EUR' })
    const tell = async (email: string, password: string) => {
      const { status, headers, body } = await logIn(http, { email, password })
      const { requestId: _, ...told } = body
      return { status, told, names: [...headers.keys()].sort() }
    }
    const wrong = await tell(account.email, `${account.password}x`)
    expect(wrong).toMatchObject({ status: 401, told: { type: 'urn:tidemark:problem:unauthenticated' } })
    expect(await tell('nobody@example.org', account.password)).toEqual(wrong)
    expect(await tell(added.email, account.password)).toEqual(wrong)
    // A password that nobody can have is one more that is wrong.
    expect(await tell(account.email, 'x')).toEqual(wrong)
  })

  test('of one user leaves those of others alone', async () => {
    const [one, two] = [await newAccount(http), await newAccount(http)]
    expect((await logIn(http, { email: one.email, password: two.password })).status).toBe(401)
    const { accessToken } = (await logIn(http, two)).body
    const { body } = await http.json('GET', '/v1/users/me', { token: accessToken })
    expect(body).toMatchObject({ id: two.id, email: two.email })
  })

  test.each([
    ['no password', { password: undefined }],
    ['a password beyond all bounds', { password: 'x'.repeat(201) }],
    ['half of a character', { password: '\ud83d' }],
    ['an email that is none', { email: 'x' }],
    ['a code that is none', { code: '12345' }],
    ['an unknown field', { otp: '123456' }],
  ])('is not tried with %s', async (_, wrong) => {
    const { status, body } = await http.json('POST', '/v1/tokens', {
      body: { email: 'a@example.org', password: 'secret, once', ...wrong },
    })
    expect(status).toBe(400)
    expect(JSON.stringify(body)).not.toContain('secret, once')
    expect(await db.sql`SELECT 1 FROM try_count`).toHaveLength(0)
  })
})

describe('tries', () => {
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  const tryFrom = async (address: string, email: string, password: string) => {
    const body = { email, password }
    return http.json('POST', '/v1/tokens', { body, ...from(address) })
  }

  test('at an account are ten in a quarter of an hour, whoever makes them, whether there is one or not', async () => {
    const account = await newAccount(http)
    for (const email of [account.email, 'nobody@example.org']) {
      const statuses = []
      for (let time = 0; time < 12; time++)
        statuses.push((await tryFrom(`192.0.2.${time}`, email, `wrong ${time}`)).status)
      expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
      pass(http.time, 60)
      const right = await tryFrom('192.0.2.99', email, account.password)
      expect(right.status).toBe(429)
      expect(right.body.type).toBe('urn:tidemark:problem:too-many-requests')
      expect(Number(right.headers.get('retry-after'))).toBe(840)
      http.time.now = now
    }
    pass(http.time, 900)
    expect((await tryFrom('192.0.2.1', account.email, account.password)).status).toBe(200)
  })

  test('that failed are forgiven by one that succeeds', async () => {
    const account = await newAccount(http)
    for (let round = 0; round < 3; round++) {
      for (let time = 0; time < 9; time++)
        expect((await logIn(http, { ...account, password: 'wrong' })).status).toBe(401)
      expect((await logIn(http, account)).status).toBe(200)
    }
  })

  test('that succeed are not bounded', async () => {
    const account = await newAccount(http)
    for (let time = 0; time < 120; time++) expect((await logIn(http, account)).status).toBe(200)
  })

  test('from an address are a hundred, at whatever accounts; another address has its own', async () => {
    const account = await newAccount(http)
    const statuses: number[] = []
    for (let time = 0; time < 101; time++) {
      const address = time % 2 === 0 ? '2001:db8:1:2::1' : '2001:db8:1:2:ffff::2'
      statuses.push((await tryFrom(address, `someone${time}@example.org`, 'wrong')).status)
    }
    expect(statuses).toEqual([...Array(100).fill(401), 429])
    expect((await tryFrom('2001:db8:1:2::3', account.email, account.password)).status).toBe(429)
    expect((await tryFrom('2001:db8:1:3::1', account.email, account.password)).status).toBe(200)
    // What the address could not try any more was not counted against the account.
    const [counted] =
      await db.sql`SELECT max(count) AS most FROM try_count WHERE until > ${now.toISOString()}`
    expect(counted!.most).toBe(100)
  })

  test('that are made at once are no more than in a row', async () => {
    const account = await newAccount(http)
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, time) => tryFrom(`192.0.2.${time}`, account.email, 'wrong')),
    )
    expect(all.map(({ status }) => status).sort()).toEqual([...Array(10).fill(401), ...Array(20).fill(429)])
  })

  test('that could not be made do not count', async () => {
    const all = await Promise.all(
      Array.from({ length: 90 }, (_, time) =>
        logIn(http, { email: `s${time}@example.org`, password: 'wrong' }),
      ),
    )
    const failed = all.filter(({ status }) => status === 401).length
    for (const { status, headers } of all) {
      expect([401, 503]).toContain(status)
      if (status === 503) expect(headers.get('retry-after')).toBe('1')
    }
    const counts = await db.sql`SELECT count FROM try_count ORDER BY count DESC`
    expect(counts.map(({ count }) => count)).toEqual([
      failed,
      ...Array(failed).fill(1),
      ...Array(90 - failed).fill(0),
    ])
  })

  test('name nobody in the database', async () => {
    await tryFrom('192.0.2.7', 'nobody@example.org', 'wrong')
    const rows = await db.sql`SELECT subject, count FROM try_count`
    expect(rows.map(({ subject }) => subject.length)).toEqual([32, 32])
    const text = JSON.stringify(rows.map(({ subject }) => Buffer.from(subject).toString('latin1')))
    expect(text).not.toMatch(/nobody|192\.0/)
  })

  test('are forgotten when they would begin anew', async () => {
    await tryFrom('192.0.2.7', 'nobody@example.org', 'wrong')
    expect(await forgetTries(db.sql, new Date(now.getTime() + 899_000))).toBe(0)
    expect(await forgetTries(db.sql, new Date(now.getTime() + 900_000))).toBe(2)
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:0db8:0000:0000'],
    ['2001:db8:0:0:0:0:0:1', '2001:0db8:0000:0000'],
    ['2001:DB8:a:b:c::', '2001:0db8:000a:000b'],
    ['fe80::1%eth0', 'fe80:0000:0000:0000'],
    ['::', '0000:0000:0000:0000'],
    ['1::2:3:4:5:6:7', '0001:0000:0002:0003'],
    ['64:ff9b::192.0.2.1', '0064:ff9b:0000:0000'],
    ['1:2:3:4:5:6:192.0.2.1', '0001:0002:0003:0004'],
    ['unknown', 'unknown'],
  ])('of %s are those of %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('a refresh token', () => {
  test('is good for one exchange, and its successor for the next', async () => {
    const { user } = await newPerson(db)
    const { sessionId, refreshToken } = await openLogIn(db, http, user.id)
    let token = refreshToken
    for (let time = 0; time < 5; time++) {
      const { status, body } = await refresh(token)
      expect(status).toBe(200)
      expect(body).toMatchObject({
        tokenType: 'Bearer',
        expiresIn: 300,
        refreshExpiresAt: '2024-07-15T12:00:00.000Z',
      })
      expect(body.refreshToken).not.toBe(token)
      expect(await me(body.accessToken)).toBe(200)
      token = body.refreshToken
      expect(await liveTokens(sessionId)).toEqual([hashOf(token)])
      pass(http.time, 3600)
    }
  })

  test('is given once more where the answer was lost, and ends the log-in after that', async () => {
    const { user } = await newPerson(db)
    const { refreshToken } = await openLogIn(db, http, user.id)
    const first = (await refresh(refreshToken)).body
    pass(http.time, 120)
    const again = await refresh(refreshToken)
    expect(again).toMatchObject({ status: 200, body: { refreshToken: first.refreshToken } })
    const { accessToken } = again.body
    expect(await me(accessToken)).toBe(200)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect(await me(accessToken)).toBe(401)
    expect((await refresh(first.refreshToken)).status).toBe(401)
  })

  test.each<[string, (token: string, next: string) => Promise<unknown>]>([
    ['more than two minutes later', async () => pass(http.time, 121)],
    ['after its successor was exchanged', (_, next) => refresh(next)],
    ['after it was forgiven', (token) => refresh(token)],
  ])('that comes back %s ends the log-in', async (_, meanwhile) => {
    const { user } = await newPerson(db)
    const { refreshToken } = await openLogIn(db, http, user.id)
    const other = await openLogIn(db, http, user.id)
    const { body } = await refresh(refreshToken)
    await meanwhile(refreshToken, body.refreshToken)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect(await me((await refresh(other.refreshToken)).body.accessToken)).toBe(200)
    expect(await me(body.accessToken)).toBe(401)
    expect((await refresh(body.refreshToken)).status).toBe(401)
  })

  test('whose predecessor was forgiven is not: a thief and an owner do not go on side by side', async () => {
    const { user } = await newPerson(db)
    const { refreshToken } = await openLogIn(db, http, user.id)
    const owner = (await refresh(refreshToken)).body
    const thief = (await refresh(refreshToken)).body
    expect(thief.refreshToken).toBe(owner.refreshToken)
    const next = await refresh(thief.refreshToken)
    expect(next.status).toBe(200)
    expect((await refresh(owner.refreshToken)).status).toBe(401)
    expect((await refresh(next.body.refreshToken)).status).toBe(401)
    expect(await me(next.body.accessToken)).toBe(401)
  })

  test('shown by two at once serves both; by twenty, two of them, and ends the log-in', async () => {
    const { user } = await newPerson(db)
    for (const [many, served] of [
      [2, 2],
      [20, 2],
    ] as const) {
      for (let round = 0; round < 5; round++) {
        const { sessionId, refreshToken } = await openLogIn(db, http, user.id)
        const all = await Promise.all(Array.from({ length: many }, () => refresh(refreshToken)))
        const good = all.filter(({ status }) => status === 200)
        expect(good).toHaveLength(served)
        expect(all.filter(({ status }) => status === 401)).toHaveLength(many - served)
        const successors = new Set(good.map(({ body }) => body.refreshToken))
        expect(successors.size).toBe(1)
        const [successor] = [...successors]
        expect(await liveTokens(sessionId)).toEqual([hashOf(successor)])
        expect(await me(good[0]!.body.accessToken)).toBe(many > 2 ? 401 : 200)
      }
    }
  })

  test('is of its log-in for thirty days, whatever is refreshed', async () => {
    const { user } = await newPerson(db)
    let { refreshToken } = await openLogIn(db, http, user.id)
    for (let day = 0; day < 29; day++) {
      pass(http.time, 86_400)
      refreshToken = (await refresh(refreshToken)).body.refreshToken
    }
    pass(http.time, 86_398)
    const last = await refresh(refreshToken)
    expect(last.status).toBe(200)
    pass(http.time, 2)
    expect(await me(last.body.accessToken)).toBe(401)
    expect((await refresh(last.body.refreshToken)).status).toBe(401)
  })

  test('does not give its successor away without the key of the installation', async () => {
    const { user } = await newPerson(db)
    const { refreshToken } = await openLogIn(db, http, user.id)
    const foreign = await startApp(db, {
      keyring: createKeyring({ key: Buffer.alloc(32, 99).toString('base64'), oldKeys: [] }),
    })
    const own = (await refresh(refreshToken)).body.refreshToken
    // Where the named key is not known, the exchange still has one successor; it is another one.
    const theirs = await refresh(refreshToken, foreign)
    expect(theirs.status).toBe(401)
    expect((await refresh(own)).status).toBe(401)
  })

  test.each([
    '',
    'tmr_',
    'tmr_x',
    `tmr_${'A'.repeat(54)}`,
    `tmk_${'A'.repeat(43)}`,
    `tmr_${'A'.repeat(53)}B`,
    'a.b.c',
  ])('is not %j', async (text) => {
    expect((await refresh(text)).status).toBe(text === '' ? 400 : 401)
  })

  test('is forgotten with its log-in', async () => {
    const { user } = await newPerson(db)
    const { sessionId } = await openLogIn(db, http, user.id)
    const expiry = new Date(now.getTime() + 30 * 86_400_000)
    await forgetSessions(db.sql, new Date(expiry.getTime() - 1))
    expect(await liveTokens(sessionId)).toHaveLength(1)
    expect(await forgetSessions(db.sql, expiry)).toBeGreaterThan(0)
    expect(await liveTokens(sessionId)).toHaveLength(0)
  })
})

/** What is known of a family from outside: which token came of which, and when it was exchanged. */
interface FamilyModel {
  tokens: { text: string; exchangedAt?: number; next?: number; forgiven: boolean; afterForgiven: boolean }[]
  seconds: number
  ended: boolean
}
type Step = { show: number; rotatedKey: boolean } | { wait: number }

/** What showing a token comes to. */
function expectation(family: FamilyModel, index: number): 'exchanged' | 'forgiven' | 'ended' {
  const token = family.tokens[index]!
  if (family.ended) return 'ended'
  if (token.exchangedAt === undefined) return 'exchanged'
  const lost =
    family.seconds - token.exchangedAt <= 120 &&
    !token.forgiven &&
    !token.afterForgiven &&
    family.tokens[token.next!]!.exchangedAt === undefined
  return lost ? 'forgiven' : 'ended'
}

test('refresh tokens behave as their model, whoever shows which of them when, also while keys are rotated', async () => {
  const { user } = await newPerson(db)
  const show = fc.record({ show: fc.nat(12), rotatedKey: fc.boolean() })
  const wait = fc.record({ wait: fc.constantFrom(1, 60, 61, 121, 4000) })
  const steps = fc.array(fc.oneof({ arbitrary: show, weight: 4 }, { arbitrary: wait, weight: 1 }), {
    maxLength: 14,
  })
  const met = new Set<string>()
  await fc.assert(
    fc.asyncProperty(steps as fc.Arbitrary<Step[]>, async (all) => {
      http.time.now = now
      const { sessionId, refreshToken } = await openLogIn(db, http, user.id)
      const family: FamilyModel = {
        tokens: [{ text: refreshToken, forgiven: false, afterForgiven: false }],
        seconds: 0,
        ended: false,
      }
      let access: string | undefined
      for (const step of all) {
        if ('wait' in step) {
          family.seconds += step.wait
          pass(http.time, step.wait)
          continue
        }
        // The newest ones are shown most.
        const index = Math.max(0, family.tokens.length - 1 - (step.show % 4))
        const token = family.tokens[index]!
        const expected = expectation(family, index)
        met.add(expected)
        const { status, body } = await refresh(token.text, step.rotatedKey ? rotated : http)
        expect(status).toBe(expected === 'ended' ? 401 : 200)
        if (expected === 'exchanged') {
          token.exchangedAt = family.seconds
          token.next =
            family.tokens.push({ text: body.refreshToken, forgiven: false, afterForgiven: false }) - 1
        } else if (expected === 'forgiven') {
          token.forgiven = true
          const next = family.tokens[token.next!]!
          next.afterForgiven = true
          // Once a key was rotated in between, the same token names another one; either text is good.
          expect(hashOf(body.refreshToken)).toEqual(hashOf(next.text))
          if (step.rotatedKey) next.text = body.refreshToken
        } else family.ended = true
        if (status === 200) access = body.accessToken
        const live = await liveTokens(sessionId)
        expect(live).toEqual([hashOf(family.tokens.at(-1)!.text)])
        if (access !== undefined && family.ended) expect(await me(access, rotated)).toBe(401)
      }
    }),
    { numRuns: 120 },
  )
  expect([...met].sort()).toEqual(['ended', 'exchanged', 'forgiven'])
})

describe('logging out', () => {
  test('by the access token ends its log-in, and no other', async () => {
    const { user } = await newPerson(db)
    const [one, two] = [await openLogIn(db, http, user.id), await openLogIn(db, http, user.id)]
    const tokens = (await refresh(one.refreshToken)).body
    expect(await logOut({ token: tokens.accessToken })).toMatchObject({ status: 204, body: undefined })
    expect(await me(tokens.accessToken)).toBe(401)
    expect((await refresh(tokens.refreshToken)).status).toBe(401)
    expect((await logOut({ token: tokens.accessToken })).status).toBe(401)
    expect((await refresh(two.refreshToken)).status).toBe(200)
  })

  test.each<[string, (first: string, second: string) => string]>([
    ['live', (_, second) => second],
    ['that was exchanged', (first) => first],
  ])('by a refresh token %s ends its log-in', async (_, choose) => {
    const { user } = await newPerson(db)
    const { refreshToken } = await openLogIn(db, http, user.id)
    const tokens = (await refresh(refreshToken)).body
    const shown = choose(refreshToken, tokens.refreshToken)
    for (let time = 0; time < 2; time++)
      expect((await logOut({ body: { refreshToken: shown } })).status).toBe(204)
    expect(await me(tokens.accessToken)).toBe(401)
    expect((await refresh(tokens.refreshToken)).status).toBe(401)
  })

  test('by a refresh token leaves the log-in that it is asked from alone', async () => {
    const { user } = await newPerson(db)
    const token = await http.tokenFor(user.id)
    const { refreshToken } = await openLogIn(db, http, user.id)
    expect((await logOut({ token, body: { refreshToken } })).status).toBe(204)
    expect(await me(token)).toBe(200)
    expect((await refresh(refreshToken)).status).toBe(401)
  })

  test('by a refresh token that is not known is no fault; by nothing it is', async () => {
    for (const refreshToken of [`tmr_${'A'.repeat(54)}`, 'anything'])
      expect((await logOut({ body: { refreshToken } })).status).toBe(204)
    expect((await logOut({})).status).toBe(401)
    expect((await logOut({ body: {} })).status).toBe(401)
    expect((await logOut({ body: { refreshToken: 5 } })).status).toBe(400)
    expect((await logOut({ body: { accessToken: 'x' } })).status).toBe(400)
    expect((await logOut({ body: '{', headers: { 'content-type': 'application/json' } })).status).toBe(400)
    expect((await logOut({ body: 'refreshToken', headers: { 'content-type': 'text/plain' } })).status).toBe(
      415,
    )
  })

  describe('everywhere', () => {
    const everywhere = { everywhere: true }

    test('ends every log-in of its user at once, and no key and nobody else', async () => {
      const { user } = await newPerson(db)
      const { user: other } = await newPerson(db)
      const key = await apiKey(db, user.id, 'read')
      const [one, two] = [await openLogIn(db, http, user.id), await openLogIn(db, http, user.id)]
      const access = [
        (await refresh(one.refreshToken)).body.accessToken,
        (await refresh(two.refreshToken)).body.accessToken,
      ]
      const foreign = await http.tokenFor(other.id)
      // The process has seen the token a moment ago: what it remembers of it must not let it in.
      for (const token of [...access, key, foreign]) expect(await me(token)).toBe(200)
      expect(await logOut({ token: access[0], body: everywhere })).toMatchObject({
        status: 204,
        body: undefined,
      })
      for (const token of access) expect(await me(token)).toBe(401)
      for (const token of access) expect((await logOut({ token, body: everywhere })).status).toBe(401)
      expect((await refresh(two.refreshToken)).status).toBe(401)
      for (const token of [key, foreign]) expect(await me(token)).toBe(200)
    })

    test('leaves the moment at which an earlier log-in ended as it was, and later log-ins alone', async () => {
      const account = await newAccount(http)
      const { sessionId, refreshToken } = await openLogIn(db, http, account.id)
      await logOut({ body: { refreshToken } })
      pass(http.time, 60)
      const token = await http.tokenFor(account.id)
      expect((await logOut({ token, body: everywhere })).status).toBe(204)
      const [ended] = await db.sql`SELECT revoked_at FROM session WHERE id = ${sessionId}`
      expect(new Date(ended!.revoked_at)).toEqual(now)
      expect(await me((await logIn(http, account)).body.accessToken)).toBe(200)
    })

    test('is not for a key, a stranger, or a refresh token', async () => {
      const { user } = await newPerson(db)
      const token = await http.tokenFor(user.id)
      const { refreshToken } = await openLogIn(db, http, user.id)
      const byKey = await logOut({ token: await apiKey(db, user.id, 'admin'), body: everywhere })
      expect(byKey).toMatchObject({
        status: 401,
        body: { detail: 'an API key is of no log-in: revoke the key instead' },
      })
      const service = await apiKey(db, null, 'service')
      expect((await logOut({ token: service, body: everywhere })).status).toBe(401)
      expect((await logOut({ body: everywhere })).status).toBe(401)
      const both = await logOut({ token, body: { ...everywhere, refreshToken } })
      expect(both.status).toBe(400)
      expect(both.body.errors).toEqual([
        {
          field: 'everywhere',
          message: 'must not stand beside refreshToken: it is asked with an access token',
        },
      ])
      for (const wrong of [false, 'true', null, 1])
        expect((await logOut({ token, body: { everywhere: wrong } })).status).toBe(400)
      expect(await me(token)).toBe(200)
      expect((await refresh(refreshToken)).status).toBe(200)
    })
  })

  test('over a port, with a body and without', async () => {
    const { user } = await newPerson(db)
    const served = await listen(http.app as unknown as Hono)
    try {
      const end = (init: RequestInit) => fetch(`${served.url}/v1/tokens`, { method: 'DELETE', ...init })
      const bearer = async () => ({ authorization: `Bearer ${await http.tokenFor(user.id)}` })
      const { refreshToken } = await openLogIn(db, http, user.id)
      const body = JSON.stringify({ refreshToken })
      expect((await end({ headers: await bearer() })).status).toBe(204)
      expect((await end({})).status).toBe(401)
      expect((await end({ body: new TextEncoder().encode(body), headers: await bearer() })).status).toBe(415)
      expect((await refresh(refreshToken)).status).toBe(200)
      expect((await end({ body, headers: { 'content-type': 'application/json' } })).status).toBe(204)
    } finally {
      await served.close()
    }
  })

  test('is described with a body that may be left out', async () => {
    const { paths } = (await http.json('GET', '/openapi.json')).body
    const { requestBody } = paths['/v1/tokens'].delete
    expect(requestBody.required).toBe(false)
    expect(Object.keys(requestBody.content['application/json'].schema.properties)).toEqual([
      'refreshToken',
      'everywhere',
    ])
    expect(paths['/v1/tokens'].post.requestBody.required).toBe(true)
    expect(paths['/v1/tokens'].post.description).toContain('5 minutes')
  })
})
