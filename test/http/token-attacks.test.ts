import { createHmac, createSign, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAccessTokens } from '../../src/http/access-token.ts'
import { createKeyring } from '../../src/keyring.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { openLogIn, pass } from '../setup/log-in.ts'
import { newPerson, now } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp
let userId: string
let otherId: string
/** A good one. */
let token: string
let sessionId: string
let right: { keyId: string; secret: KeyObject }

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
  userId = (await newPerson(db)).user.id
  otherId = (await newPerson(db)).user.id
  right = http.parts.keyring.derive('access token')!
})
beforeEach(async () => {
  http.time.now = now
  sessionId = (await openLogIn(db, http, userId)).sessionId
  token = await createAccessTokens(http.parts).issue({ userId, sessionId })
})

const seconds = now.getTime() / 1000
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const header = (rest: object = {}) => ({ alg: 'HS256', typ: 'at+jwt', kid: right.keyId, ...rest })
const claims = (rest: object = {}) => ({
  iss: 'tidemark',
  aud: 'tidemark-api',
  sub: userId,
  sid: sessionId,
  iat: seconds,
  nbf: seconds,
  exp: seconds + 300,
  ...rest,
})

/** A token of whatever is asked for, under HMAC with any key. */
function forge(
  head: object,
  body: object,
  secret: KeyObject | string | Buffer = right.secret,
  hash = 'sha256',
) {
  const signed = `${encode(head)}.${encode(body)}`
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
}

async function ask(bearer: string) {
  const { status, body } = await http.json('GET', '/v1/users/me', { token: bearer })
  return { status, type: body.type }
}
const accepted = { status: 200, type: undefined }
const refused = { status: 401, type: 'urn:tidemark:problem:unauthenticated' }

test('a token that is forged with the right key and nothing wrong in it is good: what follows is refused for its fault', async () => {
  expect(await ask(token)).toEqual(accepted)
  expect(await ask(forge(header(), claims()))).toEqual(accepted)
})

describe('algorithms', () => {
  test.each(['none', 'None', 'nOnE', 'NONE', ''])('alg %j is none', async (alg) => {
    const signed = `${encode(header({ alg }))}.${encode(claims())}`
    const signature = token.split('.')[2]
    for (const each of [`${signed}.`, signed, `${signed}.${signature}`, forge(header({ alg }), claims())])
      expect(await ask(each)).toEqual(refused)
  })

  test('a public key is no secret, and a key pair of the sender’s own is nobody’s', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const jwk = publicKey.export({ format: 'jwk' })
    for (const secret of [
      pem,
      pem.trim(),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
    ])
      expect(await ask(forge(header(), claims(), secret))).toEqual(refused)
    for (const head of [
      header({ alg: 'RS256' }),
      header({ alg: 'RS256', jwk }),
      header({ alg: 'RS256', kid: undefined, jwk }),
      header({ alg: 'RS256', jku: 'http://127.0.0.1:1/keys', x5u: 'http://127.0.0.1:1/x5u' }),
      header({ alg: 'HS256', jwk: { kty: 'oct', k: Buffer.from('mine').toString('base64url') } }),
    ]) {
      const signed = `${encode(head)}.${encode(claims())}`
      const signature = createSign('sha256').update(signed).sign(privateKey, 'base64url')
      expect(await ask(`${signed}.${signature}`)).toEqual(refused)
      expect(await ask(forge(head, claims(), 'mine'))).toEqual(refused)
    }
  })

  test.each([
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['hs256', 'sha256'],
  ])('%s under the right key is another algorithm', async (alg, hash) => {
    expect(await ask(forge(header({ alg }), claims(), right.secret, hash))).toEqual(refused)
  })

  test('parts that have to be understood, and bodies that are not encoded, are refused', async () => {
    expect(await ask(forge(header({ crit: ['b64'], b64: false }), claims()))).toEqual(refused)
    expect(await ask(forge(header({ crit: ['urn:x'], 'urn:x': 1 }), claims()))).toEqual(refused)
  })
})

describe('keys', () => {
  test('of another installation are not known, whatever they are called', async () => {
    const foreign = createKeyring({ key: Buffer.alloc(32, 1).toString('base64'), oldKeys: [] })
    const theirs = foreign.derive('access token')!
    expect(await ask(forge(header({ kid: theirs.keyId }), claims(), theirs.secret))).toEqual(refused)
    expect(await ask(forge(header(), claims(), theirs.secret))).toEqual(refused)
  })

  test('of this one for another purpose are other keys', async () => {
    for (const purpose of ['refresh token', 'idempotency fingerprint', 'tries', ''])
      expect(await ask(forge(header(), claims(), http.parts.keyring.derive(purpose)!.secret))).toEqual(
        refused,
      )
  })

  test.each<[string, unknown]>([
    ['is left out', undefined],
    ['is null', null],
    ['is empty', ''],
    ['is a path', '../../../../../../dev/null'],
    ['is an address', 'file:///dev/null'],
    ['asks the database', "' OR 1=1 --"],
    ['belongs to every object', '__proto__'],
    ['is the name of a function', 'constructor'],
    ['is absurdly long', 'a'.repeat(2500)],
    ['is an id that nobody has', '0123456789abcdef'],
    ['is written otherwise', 'UPPER'],
    ['is a list', 'LIST'],
    ['is a number', 12],
    ['is an object', { $ne: null }],
  ])('that the token names: one that %s', async (_, kid) => {
    const { keyId } = right
    const named = kid === 'UPPER' ? keyId.toUpperCase() : kid === 'LIST' ? [keyId] : kid
    for (const secret of ['', right.secret])
      expect(await ask(forge(header({ kid: named }), claims(), secret as string))).toEqual(
        secret !== '' && named === keyId ? accepted : refused,
      )
  })

  test('that were rotated away are good as long as they are kept', async () => {
    const key = (byte: number) => Buffer.alloc(32, byte).toString('base64')
    const clock = () => http.time.now
    const after = await startApp(db, { clock, keyring: createKeyring({ key: key(9), oldKeys: [key(7)] }) })
    const later = await startApp(db, { clock, keyring: createKeyring({ key: key(9), oldKeys: [] }) })
    expect((await after.ask('GET', '/v1/users/me', { token })).status).toBe(200)
    expect((await later.ask('GET', '/v1/users/me', { token })).status).toBe(401)
  })
})

describe('claims', () => {
  test.each<[string, object]>([
    ['for another audience', { aud: 'another-api' }],
    ['for nobody', { aud: [] }],
    ['for an audience that holds ours', { aud: 'tidemark-api.example.org' }],
    ['of another issuer', { iss: 'https://example.org' }],
    ['of several issuers', { iss: ['tidemark'] }],
    ['that has expired', { iat: seconds - 400, nbf: seconds - 400, exp: seconds - 100 }],
    ['that has just expired', { iat: seconds - 305, nbf: seconds - 305, exp: seconds - 5 }],
    ['that is not good yet', { nbf: seconds + 6 }],
    ['that will be issued', { iat: seconds + 60, exp: seconds + 360 }],
    [
      'that will be issued in a year, and is good until then',
      { iat: seconds + 31e6, exp: seconds + 31e6 + 300 },
    ],
    ['that is good for longer than five minutes', { exp: seconds + 301 }],
    ['that is good for ever', { exp: 9e15 }],
    ['that was good for longer, and is in its last minutes', { iat: seconds - 3600, exp: seconds + 60 }],
    ['whose times are texts', { exp: String(seconds + 300) }],
    ['whose times are lists', { iat: [seconds] }],
    ['of a user who is a path', { sub: '../1' }],
    ['of no user', { sub: '' }],
    ['of a user beyond all ids', { sub: '9'.repeat(30) }],
    ['of a log-in that is no id', { sid: '-'.repeat(36) }],
    ['of a log-in that nobody has', { sid: randomUUID() }],
    ['of every log-in', { sid: '%' }],
  ])('one %s', async (_, rest) => {
    expect(await ask(forge(header(), claims(rest)))).toEqual(refused)
  })

  test.each(['iss', 'aud', 'sub', 'sid', 'iat', 'nbf', 'exp'])('one without %s', async (name) => {
    expect(await ask(forge(header(), claims({ [name]: undefined })))).toEqual(refused)
  })

  test.each(['JWT', 'jwt', 'id+jwt', 'at+jwt+x', '', undefined, null, 5, ['at+jwt']])(
    'type %j',
    async (typ) => {
      expect(await ask(forge(header({ typ }), claims()))).toEqual(refused)
    },
  )

  test('one whose user is a number, or whose log-in is a list', async () => {
    expect(await ask(forge(header(), claims({ sub: Number(userId) })))).toEqual(refused)
    expect(await ask(forge(header(), claims({ sub: [userId] })))).toEqual(refused)
    expect(await ask(forge(header(), claims({ sid: [sessionId] })))).toEqual(refused)
    expect(await ask(forge(header(), claims({ sid: sessionId.toUpperCase() })))).toEqual(refused)
  })

  test('one of one user and the log-in of another', async () => {
    expect(await ask(forge(header(), claims({ sub: otherId })))).toEqual(refused)
    const other = await openLogIn(db, http, otherId)
    expect(await ask(forge(header(), claims({ sid: other.sessionId })))).toEqual(refused)
  })

  test('a body that is no object', async () => {
    for (const body of [null, 5, 'text', [], '{"sub":']) {
      const signed = `${encode(header())}.${typeof body === 'string' ? Buffer.from(body).toString('base64url') : encode(body)}`
      const signature = createHmac('sha256', right.secret).update(signed).digest('base64url')
      expect(await ask(`${signed}.${signature}`)).toEqual(refused)
    }
  })
})

describe('tokens that were tampered with', () => {
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

  test('in any one bit of any part', async () => {
    const { verify } = createAccessTokens(http.parts)
    expect(await verify(token)).toEqual({ userId, sessionId })
    let flipped = 0
    for (let at = 0; at < token.length; at++) {
      const sign = signs.indexOf(token[at]!)
      // The dots between the parts.
      const others = sign === -1 ? [...'-,/n'] : [0, 1, 2, 3, 4, 5].map((bit) => signs[sign ^ (1 << bit)]!)
      for (const other of others) {
        const changed = token.slice(0, at) + other + token.slice(at + 1)
        await expect(verify(changed), changed).rejects.toMatchObject({ code: 'unauthenticated' })
        flipped++
      }
    }
    expect(flipped).toBeGreaterThan(1200)
  })

  test('in any way', async () => {
    const text = fc.string({ unit: fc.constantFrom(...signs, '.', '+', '/', '='), maxLength: 6 })
    const edit = fc.record({ at: fc.nat(), cut: fc.nat(8), text })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let changed = token
        for (const { at, cut, text } of edits) {
          const start = at % (changed.length + 1)
          changed = changed.slice(0, start) + text + changed.slice(start + cut)
        }
        fc.pre(changed !== token && changed !== '')
        expect(await ask(changed)).toEqual(refused)
      }),
      { numRuns: 300 },
    )
  })

  test('in their parts, taken from another good one', async () => {
    const other = await openLogIn(db, http, otherId)
    const theirs = await createAccessTokens(http.parts).issue({ userId: otherId, sessionId: other.sessionId })
    const [own, foreign] = [token.split('.'), theirs.split('.')]
    expect(await ask([own[0], foreign[1], own[2]].join('.'))).toEqual(refused)
    expect(await ask([own[0], own[1], foreign[2]].join('.'))).toEqual(refused)
    for (const each of [
      `${token}.`,
      `.${token}`,
      `${token}.${own[2]}`,
      `${own[0]}..${own[2]}`,
      '..',
      '.',
      'a',
    ])
      expect(await ask(each)).toEqual(refused)
  })
})

describe('the right thing in the wrong place', () => {
  test('is refused', async () => {
    const made = await http.json('POST', '/v1/api-keys', { token, body: { name: 'key', scopes: ['read'] } })
    const { key } = made.body
    const { refreshToken } = await openLogIn(db, http, userId)
    expect(await ask(key)).toEqual(accepted)
    const wrong = [
      refreshToken,
      refreshToken.replace('tmr_', 'tmk_'),
      key.replace('tmk_', ''),
      key.replace('tmk_', 'TMK_'),
      key.slice(0, -1),
      `${key}x`,
      made.body.hint,
      `tmk_${token}`,
    ]
    for (const each of wrong) expect(await ask(each)).toEqual(refused)
    for (const each of [token, key, key.replace('tmk_', 'tmr_')]) {
      const { status } = await http.json('POST', '/v1/tokens/refresh', { body: { refreshToken: each } })
      expect(status).toBe(401)
    }
    // Asked to end what is no refresh token, nothing ends.
    for (const each of [token, key])
      expect((await http.json('DELETE', '/v1/tokens', { body: { refreshToken: each } })).status).toBe(204)
    expect(await ask(token)).toEqual(accepted)
    expect(await ask(key)).toEqual(accepted)
    expect((await http.json('POST', '/v1/tokens/refresh', { body: { refreshToken } })).status).toBe(200)
  })

  test.each<[string, (token: string) => Record<string, string>]>([
    ['without its scheme', (each) => ({ authorization: each })],
    ['under another scheme', (each) => ({ authorization: `Basic ${each}` })],
    ['as a password', (each) => ({ authorization: `Basic ${Buffer.from(`x:${each}`).toString('base64')}` })],
    ['twice', (each) => ({ authorization: `Bearer ${each}, Bearer ${each}` })],
    ['with something behind it', (each) => ({ authorization: `Bearer ${each} x` })],
    ['in a cookie', (each) => ({ cookie: `token=${each}` })],
    ['in a header of another name', (each) => ({ 'x-api-key': each })],
  ])('%s', async (_, headers) => {
    expect((await http.ask('GET', '/v1/users/me', { headers: headers(token) })).status).toBe(401)
  })

  test('in the address', async () => {
    for (const name of ['access_token', 'token'])
      expect((await http.ask('GET', `/v1/users/me?${name}=${token}`)).status).toBe(401)
  })
})

test('a token is good for five minutes, and a little more where clocks differ', async () => {
  pass(http.time, 304)
  expect(await ask(token)).toEqual(accepted)
  pass(http.time, 1)
  expect(await ask(token)).toEqual(refused)
})
