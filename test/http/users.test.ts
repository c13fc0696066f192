import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addUser } from '../../src/db/users.ts'
import { BusyError } from '../../src/errors.ts'
import { createPasswords } from '../../src/http/passwords.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { logIn, newAccount } from '../setup/log-in.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp
let n = 0

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})
beforeEach(async () => {
  await db.sql`DELETE FROM try_count`
})

const newEmail = () => `new${n++}@example.org`
const password = 'correct horse battery staple'
const signUp = (body: object, headers: Record<string, string> = {}) =>
  http.json('POST', '/v1/users', { body, headers })

describe('signing up', () => {
  test('makes a user who can log in and see who they are', async () => {
    const given = { timeZone: 'Europe/Berlin', baseCurrency: 'usd' }
    const { status, body, headers } = await signUp({ email: ' Ada@Example.org ', password, ...given })
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^\d+$/),
        email: 'ada@example.org',
        timeZone: 'Europe/Berlin',
        baseCurrency: 'USD',
        createdAt: '2024-06-15T12:00:00.000Z',
      },
    })
    expect(headers.get('cache-control')).toBe('no-store')
    const { accessToken: token } = (await logIn(http, { email: 'ADA@example.org', password })).body
    const me = await http.json('GET', '/v1/users/me', { token })
    expect(me).toMatchObject({ status: 200, body: { ...body, secondFactor: false } })
    expect(Object.keys(me.body).sort()).toEqual([...Object.keys(body), 'secondFactor'].sort())
  })

  test('takes a time zone and a currency where none is given', async () => {
    expect((await signUp({ email: newEmail(), password })).body).toMatchObject({
      timeZone: 'UTC',
      baseCurrency: 'EUR',
    })
  })

  test('keeps nothing of the password but an Argon2id hash of the parameters that OWASP names', async () => {
    const { id } = await newAccount(http, password)
    const [stored] =
      await db.sql`SELECT password_hash, app_user::text AS whole FROM app_user WHERE id = ${id}`
    expect(stored!.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(stored!.whole).not.toContain(password)
    const other = await newAccount(http, password)
    const [same] = await db.sql`SELECT password_hash FROM app_user WHERE id = ${other.id}`
    expect(same!.password_hash).not.toBe(stored!.password_hash)
  })

  test('with an email that somebody has is refused, also where they cannot log in', async () => {
    const { email } = await newAccount(http)
    const { user } = await newPerson(db)
    for (const taken of [email, email.toUpperCase(), user.email]) {
      expect(await signUp({ email: taken, password })).toMatchObject({
        status: 409,
        body: { type: 'urn:tidemark:problem:conflict' },
      })
    }
    expect((await logIn(http, { email: user.email, password })).status).toBe(401)
  })

  test('at once with one email makes one user', async () => {
    const email = newEmail()
    const all = await Promise.all(Array.from({ length: 20 }, () => signUp({ email, password })))
    expect(all.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)])
  })

  test('with an Idempotency-Key happens once, and is answered with the same bytes', async () => {
    const email = newEmail()
    const ask = (body: object) =>
      http.ask('POST', '/v1/users', {
        body,
        headers: { 'idempotency-key': `sign-up ${email}`.replace(' ', '-') },
      })
    const first = await ask({ email, password })
    const again = await ask({ email, password })
    expect([first.status, again.status]).toEqual([201, 201])
    expect(await again.text()).toBe(await first.text())
    expect((await ask({ email, password: 'another one entirely' })).status).toBe(422)
    // One that was refused is free to be meant differently.
    const taken = { 'idempotency-key': `taken-${email}` }
    expect((await signUp({ email, password }, taken)).status).toBe(409)
    expect((await signUp({ email: newEmail(), password }, taken)).status).toBe(201)
  })

  test.each([
    ['a password that is too short', { password: '123456789' }, 'password'],
    ['a password that is too long', { password: 'x'.repeat(201) }, 'password'],
    ['half of a character', { password: `${'x'.repeat(12)}\ud83d` }, 'password'],
    ['a password that is none', { password: 1234567890 }, 'password'],
    ['no password', { password: undefined }, 'password'],
    ['no email', { email: 'nobody' }, 'email'],
    ['a place that has no time', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['a currency of two words', { baseCurrency: 'two words' }, 'baseCurrency'],
    ['a wish', { admin: true }, 'admin'],
  ])('is refused with %s', async (_, wrong, field) => {
    const { status, body } = await signUp({ email: newEmail(), password, ...wrong })
    expect(status).toBe(400)
    expect(body.errors.map((each: { field: string }) => each.field)).toContain(field)
    expect(JSON.stringify(body)).not.toContain(password)
  })

  test('takes any characters for a password, counted as people count them', async () => {
    const email = newEmail()
    expect((await signUp({ email, password: '🔑'.repeat(9) })).status).toBe(400)
    expect((await signUp({ email, password: '🔑'.repeat(200) })).status).toBe(201)
    expect((await logIn(http, { email, password: '🔑'.repeat(200) })).status).toBe(200)
    // The same word as other systems type it: composed, decomposed, with a ligature.
    const typed = ['\u00e9\ufb01n-d\u00e9but', 'e\u0301fin-de\u0301but'].map((word) => `${word} 1789`)
    const other = newEmail()
    expect((await signUp({ email: other, password: typed[0] })).status).toBe(201)
    expect((await logIn(http, { email: other, password: typed[1]! })).status).toBe(200)
    expect((await logIn(http, { email: other, password: typed[1]!.toUpperCase() })).status).toBe(401)
  })

  test('is bounded for each address', async () => {
    const email = newEmail()
    await newAccount(http)
    await db.sql`UPDATE try_count SET count = 1000 WHERE count = 1`
    const refused = await signUp({ email, password })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBe(3600)
    // An email that is taken is told, so that asking for many of them is bounded more tightly.
    await db.sql`DELETE FROM try_count`
    const { email: taken } = await newAccount(http)
    const statuses = []
    for (let time = 0; time < 101; time++) statuses.push((await signUp({ email: taken, password })).status)
    expect(statuses).toEqual([...Array(100).fill(409), 429])
  })
})

describe('a user', () => {
  test('changes the time zone and the base currency, and reads are told in it at once', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2024-06-03', '100')])
    const token = await http.tokenFor(user.id)
    const currency = async () => (await http.json('GET', '/v1/net-worth', { token })).body.currency
    expect(await currency()).toBe('EUR')
    const version = async () => (await db.sql`SELECT read_version(${user.id}) AS v`)[0]!.v
    const before = await version()
    const changed = await http.json('PATCH', '/v1/users/me', { token, body: { baseCurrency: 'usd' } })
    expect(changed).toMatchObject({
      status: 200,
      body: { baseCurrency: 'USD', timeZone: 'UTC', email: user.email },
    })
    expect(await currency()).toBe('USD')
    expect(await version()).not.toBe(before)
    await http.json('PATCH', '/v1/users/me', { token, body: { timeZone: 'Asia/Tokyo' } })
    expect((await http.json('GET', '/v1/users/me', { token })).body).toMatchObject({
      timeZone: 'Asia/Tokyo',
      baseCurrency: 'USD',
    })
    for (const wrong of [{ timeZone: 'nowhere' }, { email: 'other@example.org' }, { baseCurrency: null }])
      expect((await http.json('PATCH', '/v1/users/me', { token, body: wrong })).status).toBe(400)
  })

  test('changes nobody else', async () => {
    const [one, two] = [await newAccount(http), await newAccount(http)]
    const token = await http.tokenFor(one.id)
    await http.json('PATCH', '/v1/users/me', { token, body: { baseCurrency: 'CHF' } })
    const other = await http.tokenFor(two.id)
    expect((await http.json('GET', '/v1/users/me', { token: other })).body.baseCurrency).toBe('EUR')
  })

  test('whom a connection brought along has no email', async () => {
    const [made] = await db.sql`INSERT INTO app_user (email) VALUES (NULL) RETURNING id`
    const token = await http.tokenFor(made!.id)
    expect((await http.json('GET', '/v1/users/me', { token })).body.email).toBeNull()
  })
})

describe('a password', () => {
  const change = (token: string, currentPassword: string, newPassword: string) =>
    http.json('PUT', '/v1/users/me/password', { token, body: { currentPassword, newPassword } })
  const works = async (token: string) => (await http.ask('GET', '/v1/users/me', { token })).status === 200

  test('that is changed ends every other log-in at once', async () => {
    const account = await newAccount(http)
    const [own, other] = [(await logIn(http, account)).body, (await logIn(http, account)).body]
    const stranger = await newAccount(http)
    const theirs = (await logIn(http, stranger)).body
    expect((await change(own.accessToken, 'not the password', 'a new one, at last')).status).toBe(400)
    expect(await works(other.accessToken)).toBe(true)
    expect((await change(own.accessToken, account.password, 'a new one, at last')).status).toBe(204)
    expect(await works(own.accessToken)).toBe(true)
    expect(await works(other.accessToken)).toBe(false)
    expect(await works(theirs.accessToken)).toBe(true)
    const refresh = (refreshToken: string) =>
      http.json('POST', '/v1/tokens/refresh', { body: { refreshToken } })
    expect((await refresh(other.refreshToken)).status).toBe(401)
    expect((await refresh(own.refreshToken)).status).toBe(200)
    expect((await logIn(http, account)).status).toBe(401)
    expect((await logIn(http, { ...account, password: 'a new one, at last' })).status).toBe(200)
  })

  test('is refused where it is too short, and cannot be guessed by who has a token', async () => {
    const account = await newAccount(http)
    const token = await http.tokenFor(account.id)
    expect((await change(token, account.password, 'short')).status).toBe(400)
    for (let time = 0; time < 10; time++)
      expect((await change(token, `guess number ${time}`, 'mine from now on')).status).toBe(400)
    expect((await change(token, account.password, 'mine from now on')).status).toBe(429)
    // The owner, who is elsewhere, can log in all the same.
    expect((await logIn(http, account)).status).toBe(200)
  })

  test('is not there to be changed where a user was added by the operator', async () => {
    const user = await addUser(db, { email: newEmail(), timeZone: 'UTC', baseCurrency: 'EUR' })
    const token = await http.tokenFor(user.id)
    expect((await change(token, 'A'.repeat(20), 'mine from now on')).status).toBe(400)
  })

  test('leaves no log-in behind that was under way with the former one', async () => {
    const account = await newAccount(http)
    let current = account.password
    for (let round = 0; round < 12; round++) {
      await db.sql`DELETE FROM try_count`
      const token = await http.tokenFor(account.id)
      const next = `password of round ${round}`
      const [changed, ...logIns] = await Promise.all([
        change(token, current, next),
        ...Array.from({ length: 4 }, () => logIn(http, { ...account, password: current })),
      ])
      expect(changed.status).toBe(204)
      for (const { status, body } of logIns) {
        if (status === 200) expect(await works(body.accessToken)).toBe(false)
        else expect(status).toBe(401)
      }
      current = next
    }
  })

  test('changed twice at once ends as one of both', async () => {
    const account = await newAccount(http)
    const token = await http.tokenFor(account.id)
    const answers = await Promise.all(
      ['the first of them', 'the second of them'].map((next) => change(token, account.password, next)),
    )
    expect(answers.map(({ status }) => status).filter((status) => status === 204)).toHaveLength(1)
    for (const { status } of answers) expect([204, 400, 409]).toContain(status)
  })
})

test('of many passwords at once, so many are hashed and so many wait; the others are told to come again', async () => {
  const passwords = createPasswords()
  const all = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.matches(password, null)))
  const refused = all.filter((each) => each.status === 'rejected')
  expect(refused).toHaveLength(8)
  for (const { reason } of refused) expect(reason).toBeInstanceOf(BusyError)
  expect(all.filter((each) => each.status === 'fulfilled').every(({ value }) => value === false)).toBe(true)
})
